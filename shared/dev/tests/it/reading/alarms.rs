use std::time::Duration;

use serde_json::json;
use switchboard_core::{Alarm, AlarmId, AlarmKind, EndReason, ProviderId, TenantId};
use switchboard_store::Change;

use super::{pages, texts};
use crate::harness::{TestWorld, start_time};
use crate::made_calls::{answered, end_after, hear, keep, reserved};

const ALARMS: &str = "/api/alarms";

#[tokio::test]
async fn an_alarm_is_open_until_it_is_over_and_is_found_among_the_closed_ones_then() {
    let world = TestWorld::start().await;
    let mut call = answered(reserved("local", ProviderId::Omnidimension, start_time()));
    call.raise(AlarmKind::CannotEnd, "omnidimension has no request that ends a call", world.now());
    let call = keep(world.world.store(), call).await;
    let open = world.as_local().get(ALARMS).await;
    open.expect(200);
    let expected = json!({
        "alarmId": call.alarms[&AlarmKind::CannotEnd].id, "kind": "cannot_end", "callId": call.id,
        "since": "2026-11-20T12:00:00.000Z", "reason": "omnidimension has no request that ends a call",
    });
    assert_eq!(open.json, json!({"alarms": [expected], "nextCursor": null}));
    assert_eq!(world.as_local().get(&format!("{ALARMS}?open=false")).await.json["alarms"], json!([]));

    world.advance(Duration::from_secs(30)).await;
    let over = |call: &mut switchboard_core::Call| {
        let end = end_after(call, EndReason::Completed, 20);
        hear(call, &end);
        Some(Change::default())
    };
    world.world.store().call_change(call.id, over).await.unwrap();
    let mut expected = expected;
    expected["closedAt"] = json!("2026-11-20T12:00:30.000Z");
    assert_eq!(world.as_local().get(&format!("{ALARMS}?open=true")).await.json["alarms"], json!([]));
    assert_eq!(world.as_local().get(&format!("{ALARMS}?open=false")).await.json["alarms"], json!([expected]));
}

#[tokio::test]
async fn alarms_come_in_pages_newest_first_and_one_about_an_account_names_no_call() {
    let world = TestWorld::start().await;
    let mut expected = Vec::new();
    for number in 0..7 {
        let at = start_time().plus(Duration::from_secs(number));
        let mut call = answered(reserved("local", ProviderId::Twilio, start_time()));
        call.raise(AlarmKind::PastDeadline, &format!("alarm {number}"), at);
        keep(world.world.store(), call).await;
        expected.insert(0, format!("alarm {number}"));
    }
    let account = Alarm {
        id: AlarmId::generate(start_time()),
        tenant: TenantId::parse("local").unwrap(),
        kind: AlarmKind::CreditsLow,
        call: None,
        since: start_time().minus(Duration::from_secs(60)),
        reason: "the account is nearly empty".to_owned(),
        closed_at: None,
    };
    world.world.store().alarm_write(&account).await.unwrap();
    expected.push(account.reason.clone());
    for limit in [1, 3, 8, 100] {
        let pages = pages(&world.as_local(), &format!("{ALARMS}?limit={limit}"), "alarms", 10).await;
        assert!(pages.iter().all(|page| page.len() <= limit));
        assert_eq!(texts(&pages.concat(), "reason"), expected, "{limit}");
        assert_eq!(pages.concat()[7].get("callId"), None);
    }
    for wrong in ["open=maybe", "open=", "limit=0", "limit=101", "cursor=AAAA"] {
        let field = wrong.split('=').next().unwrap();
        world.as_local().get(&format!("{ALARMS}?{wrong}")).await.refused_field(400, "invalid_request", field);
    }
    let cursor = world.as_local().get(&format!("{ALARMS}?limit=1")).await.text("/nextCursor");
    let closed = world.as_local().get(&format!("{ALARMS}?open=false&cursor={cursor}")).await;
    closed.refused_field(400, "invalid_request", "cursor");
}
