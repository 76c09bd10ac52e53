use serde_json::json;
use switchboard_core::Scenario;

use super::texts;
use crate::harness::TestWorld;

#[tokio::test]
async fn every_scenario_is_listed_and_found_by_its_name_with_the_placeholders_that_its_texts_have() {
    let world = TestWorld::start().await;
    let listed = world.as_other().get("/api/scenarios").await;
    listed.expect(200);
    let scenarios = listed.json["scenarios"].as_array().unwrap();
    assert_eq!(texts(scenarios, "id"), ["payment-reminder", "account-inquiry", "service-upgrade", "technical-support"]);
    for scenario in scenarios {
        let id = scenario["id"].as_str().unwrap();
        let one = world.as_local().get(&format!("/api/scenarios/{id}")).await;
        assert_eq!((one.status, &one.json), (200, scenario));
        assert_eq!(scenario["placeholders"], json!(Scenario::find(id).unwrap().placeholders()));
        for text in ["/title", "/systemPrompt", "/firstMessage"] {
            for language in ["ar", "en"] {
                assert!(!one.text(&format!("{text}/{language}")).is_empty(), "{id} {text} {language}");
            }
        }
    }
    world.as_local().get("/api/scenarios/small-talk").await.refused(404, "not_found");
}
