use serde_json::json;
use switchboard_core::{AlarmKind, EndReason, ProviderId};

use super::of;
use crate::harness::{TestWorld, start_time};
use crate::made_calls::{answered, ended, keep, reserved};

#[tokio::test]
async fn another_tenant_finds_nothing_on_any_route() {
    let world = TestWorld::start().await;
    let mut call = answered(reserved("local", ProviderId::Hamsa, start_time()));
    call.raise(AlarmKind::CannotEnd, "nothing ends it", start_time());
    let call = keep(world.world.store(), call).await.id.to_string();
    keep(world.world.store(), ended(reserved("local", ProviderId::Hamsa, start_time()), EndReason::Completed, 20))
        .await;
    let unknown = "call_01930000-0000-7000-8000-000000000000";
    for what in ["", "/events", "/transcript", "/recording"] {
        let foreign = world.as_other().get(&of(&call, what)).await;
        foreign.refused(404, "not_found");
        let missing = world.as_other().get(&of(unknown, what)).await;
        assert_eq!(foreign.text("/error/message"), missing.text("/error/message"), "whether it exists is not told");
    }
    world.as_other().get(&format!("/api/hamsa/jobs/{call}")).await.refused(404, "not_found");
    for (path, list) in [
        ("/api/calls", "calls"),
        ("/api/calls?to=%2B96891234567", "calls"),
        ("/api/alarms", "alarms"),
        ("/api/hamsa/jobs", "jobs"),
        ("/api/hamsa/recordings", "recordings"),
        ("/api/hamsa/transcripts", "transcripts"),
    ] {
        let answer = world.as_other().get(path).await;
        assert_eq!((answer.status, &answer.json[list]), (200, &json!([])), "{path}");
    }
    for path in ["/api/analytics", "/api/hamsa/analytics"] {
        let answer = world.as_other().get(path).await;
        assert_eq!((answer.status, &answer.json["calls"]["total"]), (200, &json!(0)), "{path}");
        assert_eq!(world.as_local().get(path).await.json["calls"]["total"], 2, "{path}");
    }
    // The account with Hamsa is its owner's: for everybody else there is none.
    world.as_other().get("/api/hamsa/status").await.refused(404, "not_found");
    world.as_local().get("/api/hamsa/status").await.expect(200);
    let asked = world.world.simulators().recorder().requests(None, 0).len();
    world.as_other().get("/api/hamsa/analytics").await.expect(200);
    assert_eq!(world.world.simulators().recorder().requests(None, 0).len(), asked, "nobody else has Hamsa asked");
}
