//! R1's and R4's paths, bodies and words, over the same calls.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_service_places_with_omnidimension_and_is_answered_in_its_words() {
    let world = TestWorld::start().await;
    for field in ["phone_number", "to"] {
        let mut body = json!({"context": {"customerName": "Amal", "amount": 42, "late": true, "nothing": null}});
        body[field] = json!(magic(1));
        let placed = world.as_local().post("/call/create", &body).await;
        placed.expect(202);
        assert_eq!(
            (placed.text("/provider"), placed.text("/status")),
            ("omnidimension".to_owned(), "queued".to_owned())
        );
        assert_eq!((placed.json["success"].clone(), placed.text("/call_id")), (json!(true), placed.text("/callId")));
        let sent = asked(&world, Provider::Omnidimension, Operation::Place).pop().unwrap().body;
        assert_eq!(sent["call_context"]["amount"], "42");
        assert_eq!(sent["call_context"]["late"], "true");
        pass(&world, 60).await;
        let ended = world.as_local().post(&format!("/call/{}/end", placed.text("/callId")), &json!({})).await;
        ended.expect(200);
        assert_eq!((ended.text("/status"), ended.json["success"].clone()), ("completed".to_owned(), json!(true)));
    }
    world.as_local().post("/call/create", &json!({})).await.refused_field(400, "invalid_request", "phone_number");
    let nested = json!({"to": magic(1), "context": {"a": {}}});
    world.as_local().post("/call/create", &nested).await.refused_field(400, "invalid_request", "context.a");
    assert_eq!(meter(&world).dials, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_places_with_hamsa_reads_and_ends_in_its_words() {
    let world = TestWorld::start().await;
    let body = json!({
        "toNumber": magic(4), "scenario": "technical-support", "language": "ar",
        "params": {"customerName": "أمل", "issue": "الإنترنت"},
    });
    let placed = world.as_local().post("/api/hamsa/call", &body).await;
    placed.expect(202);
    assert_eq!((placed.text("/provider"), placed.text("/status")), ("hamsa".to_owned(), "queued".to_owned()));
    let job = placed.text("/jobId");
    assert_eq!(job, placed.text("/callId"));
    pass(&world, 10).await;
    let listed = world.as_local().get("/api/hamsa/jobs").await;
    listed.expect(200);
    assert!(listed.json.to_string().contains(&job));
    let one = world.as_local().get(&format!("/api/hamsa/jobs/{job}")).await;
    one.expect(200);
    assert_eq!(one.text("/status"), "in-progress");
    let ended = world.as_local().post(&format!("/api/hamsa/jobs/{job}/end"), &json!({})).await;
    ended.expect(200);
    assert_eq!(
        (ended.text("/status"), ended.text("/endReason")),
        ("completed".to_owned(), "ended_by_request".to_owned())
    );
    let other = json!({"phoneNumber": magic(2)});
    let busy = world.as_local().post("/api/hamsa/call", &other).await;
    busy.expect(202);
    pass(&world, 60).await;
    let one = world.as_local().get(&format!("/api/hamsa/jobs/{}", busy.text("/jobId"))).await;
    assert_eq!(one.text("/status"), "failed");
    let missing = json!({"toNumber": magic(1), "scenario": "technical-support", "params": {}});
    world.as_local().post("/api/hamsa/call", &missing).await.refused(422, "missing_parameters");
    world.as_other().get(&format!("/api/hamsa/jobs/{job}")).await.refused(404, "not_found");
    assert_eq!(meter(&world).dials, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_one_call_whichever_path_it_comes_by() {
    let world = TestWorld::start().await;
    let under = |path: &'static str| {
        let caller = world.as_local().with("idempotency-key", "k");
        let body = json!({"toNumber": magic(1), "to": magic(1)});
        async move { caller.post(path, &body).await }
    };
    let first = under("/api/hamsa/call").await;
    first.expect(202);
    let again = under("/api/hamsa/call").await;
    again.expect(202);
    assert_eq!((again.text("/jobId"), again.header("idempotent-replayed")), (first.text("/jobId"), Some("true")));
    assert_eq!(meter(&world).dials, 1);
}
