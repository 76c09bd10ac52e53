use serde_json::json;

use super::{get, place, place_watched};
use crate::sim::testbed::Testbed;

#[tokio::test]
async fn a_recording_is_processed_ready_announced_and_heard() {
    let bed = Testbed::start().await;
    let hook = format!("{}/webhooks/recording", bed.gateway.base());
    let record = [("Record", "true"), ("RecordingStatusCallback", hook.as_str()), ("RecordingChannels", "dual")];
    let sid = place_watched(&bed, "+15005550001", &record).await;
    place(&bed, "+15005550001", &[]).await;
    bed.advance(10).await;
    let of_call = format!("/Calls/{sid}/Recordings.json");
    let one = async |path: &str| get(&bed, path).await.1["recordings"][0].clone();
    assert_eq!(one(&of_call).await["status"], "in-progress");
    bed.advance(17).await;
    let processing = one(&of_call).await;
    assert_eq!((&processing["status"], &processing["duration"]), (&json!("processing"), &json!("-1")));
    assert_eq!(bed.gateway.of("recording").len(), 0, "it is announced when it is ready");
    bed.advance(10).await;
    let ready = one("/Recordings.json").await;
    assert_eq!(
        (&ready["status"], &ready["duration"], &ready["channels"]),
        (&json!("completed"), &json!("20"), &json!(2))
    );
    let (_, fetched) = get(&bed, &format!("/Recordings/{}.json", ready["sid"].as_str().unwrap())).await;
    assert_eq!(fetched, ready);
    for (suffix, kind) in [("", "audio/wav"), (".wav", "audio/wav"), (".mp3", "audio/mpeg")] {
        let sound = bed.client.get(format!("{}{suffix}", ready["media_url"].as_str().unwrap())).send().await.unwrap();
        assert_eq!((sound.status().as_u16(), sound.headers()["content-type"].to_str().unwrap()), (200, kind));
    }
    let told = bed.gateway.of("recording");
    assert_eq!((told.len(), &told[0].body["RecordingStatus"]), (1, &json!("completed")));
    assert_eq!((&told[0].body["RecordingDuration"], &told[0].body["CallSid"]), (&json!("20"), &json!(sid)));
    assert_eq!(bed.gateway.of("twilio").last().unwrap().body["RecordingSid"], ready["sid"]);
}

#[tokio::test]
async fn a_recordings_beginning_and_its_absence_are_told_to_whoever_asks_for_them() {
    for (to, told) in [("+15005550001", &["in-progress"][..]), ("+15005550002", &["absent"])] {
        let bed = Testbed::start().await;
        let hook = format!("{}/webhooks/recording", bed.gateway.base());
        let event = "RecordingStatusCallbackEvent";
        let record =
            [("Record", "true"), ("RecordingStatusCallback", &hook), (event, "in-progress"), (event, "absent")];
        place(&bed, to, &record).await;
        bed.advance(60).await;
        let heard: Vec<_> =
            bed.gateway.of("recording").iter().map(|hook| hook.body["RecordingStatus"].clone()).collect();
        assert_eq!(heard, told, "{to}");
    }
}
