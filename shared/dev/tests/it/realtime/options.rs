//! Who may ask for what: presets for pages, options for servers with `realtime:raw`; voices, lengths, offers.

use switchboard_core::Scope;

use super::*;

/// Presets as an operator would configure them, one in the words of the beta.
const PRESETS: &str = r#"{
    "brief": {"instructions": "Say little.", "audio": {"output": {"voice": "cedar"}}},
    "old": {"instructions": "Be kind.", "voice": "sage", "temperature": 0.7}
}"#;

/// The session that OpenAI was asked for last.
fn session(world: &TestWorld) -> Value {
    let request = asked_of_openai(world, Operation::Sdp).pop().expect("OpenAI was asked for no call");
    let parts = request.body["parts"].as_array().unwrap();
    let part = parts.iter().find(|part| part["name"] == "session").unwrap();
    assert_eq!(part["contentType"], "application/json");
    serde_json::from_str(part["text"].as_str().unwrap()).unwrap()
}

fn with(mut body: Value, more: &Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn a_page_and_a_key_without_the_scope_choose_a_preset_and_nothing_else() {
    let world = TestWorld::with(&[("RealtimePresets", PRESETS)]).await;
    let (_, token) = page_token(&world).await;
    let speaker = world.new_key("local", [Scope::VoiceWrite]).await;
    let everything_else =
        world.new_key("local", Scope::ALL.into_iter().filter(|scope| *scope != Scope::RealtimeRaw)).await;
    for credential in [&token, &speaker, &everything_else] {
        let caller = world.bearing(credential);
        for option in [
            json!({"instructions": "Say anything."}),
            json!({"voice": "marin"}),
            json!({"model": "gpt-realtime-2"}),
            json!({"tools": [{"type": "function", "name": "f"}]}),
            json!({"modalities": ["text"]}),
            json!({"audio": {"output": {"voice": "marin"}}}),
            json!({"max_response_output_tokens": 7}),
            json!({"prompt": {"id": "pmpt_1"}}),
            json!({"preset": "brief", "instructions": "Say anything."}),
        ] {
            caller.post(OPEN, &with(json!({"sdp": offer()}), &option)).await.refused(403, "forbidden");
        }
        caller.post(TOKEN, &json!({})).await.refused(403, "forbidden");
        caller.post("/api/v1/chatkit/realtime-session", &json!({})).await.refused(403, "forbidden");
    }
    assert!(asked_of_openai(&world, Operation::Sdp).is_empty() && asked_of_openai(&world, Operation::Token).is_empty());

    for (credential, preset, instructions, voice) in
        [(&token, "brief", "Say little.", "cedar"), (&speaker, "old", "Be kind.", "sage")]
    {
        let opened = world.bearing(credential).post(OPEN, &json!({"sdp": offer(), "preset": preset})).await;
        opened.expect(201);
        let asked = session(&world);
        assert_eq!((&asked["type"], &asked["instructions"]), (&json!("realtime"), &json!(instructions)));
        assert_eq!((&asked["audio"]["output"]["voice"], opened.text("/voice")), (&json!(voice), voice.to_owned()));
        let dropped = opened.json["droppedFields"].as_array().unwrap();
        assert_eq!(dropped.len(), usize::from(preset == "old"), "{dropped:?}");
    }
    for scope in [Scope::RealtimeRaw, Scope::CallsWrite] {
        let key = world.new_key("local", [scope]).await;
        world.bearing(&key).post(OPEN, &wish("ada")).await.refused(403, "forbidden");
    }
}

#[tokio::test]
async fn a_page_is_its_sessions_person_and_nobody_else() {
    let world = TestWorld::start().await;
    let (_, token) = page_token(&world).await;
    let page = world.bearing(&token);
    page.post(OPEN, &wish("ada")).await.refused(403, "forbidden");
    let named = open(&page, &wish("somebody")).await;
    let unnamed = open(&page, &json!({"sdp": offer()})).await;
    let of = async |held: &Held| kept(&world, &held.call).await.lease.unwrap().user;
    assert_eq!(of(&named).await, of(&unnamed).await, "a second name is not a second person");
    page.post(OPEN, &json!({"sdp": offer()})).await.refused(429, "concurrency_limit");
    // OpenAI is told who it is without being told who it is.
    let header = |at: usize| asked_of_openai(&world, Operation::Sdp)[at].headers["openai-safety-identifier"].clone();
    assert_eq!(header(0), header(1));
    let name = header(0).as_str().unwrap().to_owned();
    assert!(name.len() == 64 && !name.contains("somebody"), "{name}");
    open(&world.as_other(), &wish("somebody")).await;
    assert_ne!(header(2), header(0), "the same name of another tenant is somebody else");
}

#[tokio::test]
async fn who_may_set_options_is_told_what_has_no_place_in_the_api_of_today() {
    let world = TestWorld::with(&[("RealtimePresets", PRESETS)]).await;
    let local = world.as_local();
    let beta = json!({
        "preset": "brief", "instructions": "Help.", "voice": "verse", "modalities": ["audio", "text"], "temperature": 0.8,
        "max_response_output_tokens": 4_096, "workflow": {"id": "wf_1"}, "nonsense": 1,
    });
    let opened = local.post(OPEN, &with(wish("ada"), &beta)).await;
    opened.expect(201);
    let asked = session(&world);
    assert_eq!((&asked["instructions"], &asked["max_output_tokens"]), (&json!("Help."), &json!(4_096)));
    assert_eq!(asked["audio"]["output"]["voice"], "verse", "what is asked for is laid over the preset");
    for gone in ["temperature", "voice", "modalities", "workflow", "nonsense", "preset", "userId", "sdp"] {
        assert_eq!(asked[gone], Value::Null, "{gone}");
    }
    let dropped = opened.json["droppedFields"].as_array().unwrap();
    for field in ["temperature", "workflow", "nonsense"] {
        let told = dropped.iter().find(|one| one["field"] == field).unwrap_or_else(|| panic!("{field}: {dropped:?}"));
        assert!(told["why"].as_str().unwrap().len() > 10, "{told}");
    }
    // A raw credential takes the same, and is answered in R3's shape.
    let made = local.post(TOKEN, &with(json!({"userId": "ada", "ttlSecs": 90}), &beta)).await;
    made.expect(200);
    assert!(made.text("/client_secret/value").starts_with("ek_"));
    assert_eq!(made.json["client_secret"]["expires_at"], json!(world.now().epoch_secs() + 90));
    assert!(made.text("/sessionId").starts_with("rts_") && made.text("/url").ends_with("/realtime/calls"));
    assert_eq!((made.text("/voice"), made.text("/model")), ("verse".to_owned(), "gpt-realtime-2.1".to_owned()));
    assert_eq!(made.json["droppedFields"], opened.json["droppedFields"]);
    for (ttl, admitted) in [(9, false), (10, true), (600, true), (601, false)] {
        let made = local.post(TOKEN, &json!({"ttlSecs": ttl})).await;
        if admitted { made.expect(200) } else { made.refused_field(400, "invalid_request", "ttlSecs") }
    }
}

#[tokio::test]
async fn a_preset_that_there_is_not_is_told_with_those_that_there_are() {
    let world = TestWorld::with(&[("RealtimePresets", PRESETS)]).await;
    let local = world.as_local();
    for path in [OPEN, TOKEN] {
        let refused = local.post(path, &with(wish("ada"), &json!({"preset": "verbose"}))).await;
        refused.refused_field(400, "invalid_request", "preset");
        for known in ["brief", "default", "old"] {
            assert!(refused.text("/error/details/0/message").contains(known), "{}", refused.json);
        }
    }
    let voice = |name: &str, substitute: bool| json!({"voice": name, "substituteVoice": substitute});
    for name in ["nova", "onyx", "fable", "nobody"] {
        for path in [OPEN, TOKEN] {
            let refused = local.post(path, &with(wish("ada"), &voice(name, false))).await;
            refused.refused_field(400, "invalid_request", "voice");
            for known in ["alloy", "cedar", "marin", "verse"] {
                assert!(refused.text("/error/details/0/message").contains(known), "{}", refused.json);
            }
        }
    }
    // What no voice is near to is not replaced.
    local.post(OPEN, &with(wish("ada"), &voice("nobody", true))).await.refused_field(400, "invalid_request", "voice");
    assert!(asked_of_openai(&world, Operation::Sdp).is_empty());
    for (at, (gone, nearest)) in [("nova", "coral"), ("onyx", "cedar"), ("fable", "ballad")].into_iter().enumerate() {
        let opened = local.post(OPEN, &with(wish(&format!("user-{at}")), &voice(gone, true))).await;
        opened.expect(201);
        assert_eq!(
            (opened.text("/voice"), &session(&world)["audio"]["output"]["voice"]),
            (nearest.to_owned(), &json!(nearest))
        );
        assert!(opened.text("/droppedFields/0/why").contains(nearest), "{}", opened.json);
    }
}

#[tokio::test]
async fn a_call_may_be_shortened_and_not_made_longer() {
    let world = TestWorld::start().await;
    let local = world.as_local();
    for wrong in [json!(9), json!(1_801), json!(0), json!(-1), json!(10.5), json!("60")] {
        let refused = local.post(OPEN, &with(wish("ada"), &json!({"maxDurationSecs": wrong}))).await;
        refused.refused_field(400, "invalid_request", "maxDurationSecs");
    }
    for (at, (asked, lasts)) in [(json!(10), 10), (json!(1_800), 1_800), (Value::Null, 1_800)].into_iter().enumerate() {
        let opened = local.post(OPEN, &with(wish(&format!("user-{at}")), &json!({"maxDurationSecs": asked}))).await;
        opened.expect(201);
        assert_eq!(opened.text("/deadlineAt"), world.now().plus(Duration::from_secs(lasts + 90)).to_string());
        assert_eq!(opened.text("/leaseExpiresAt"), world.now().plus(Duration::from_secs(lasts.min(60))).to_string());
    }
    let short = TestWorld::with(&[("RealtimeMaxDurationSecs", "120")]).await;
    short.as_local().post(OPEN, &with(wish("ada"), &json!({"maxDurationSecs": 121}))).await.expect(400);
    open(&short.as_local(), &with(wish("ada"), &json!({"maxDurationSecs": 120}))).await;
}

#[tokio::test]
async fn an_offer_that_is_none_is_refused_before_anybody_is_asked() {
    let world = TestWorld::start().await;
    let local = world.as_local();
    let long = format!("{}a=x:{}\r\n", offer(), "x".repeat(64 * 1024));
    let without_audio: String = offer().split_inclusive("\r\n").filter(|line| !line.starts_with("m=audio")).collect();
    for wrong in ["", "hello", "m=audio 9", without_audio.as_str(), long.as_str()] {
        let refused = local.post(OPEN, &json!({"userId": "ada", "sdp": wrong})).await;
        refused.refused_field(400, "invalid_request", "sdp");
        let sdp = local.clone().with("content-type", "application/sdp");
        sdp.send(reqwest::Method::POST, OPEN, Some(wrong.as_bytes().to_vec())).await.refused_field(
            400,
            "invalid_request",
            "sdp",
        );
    }
    for wrong in [json!({"userId": "ada"}), json!({"sdp": 7}), json!({"sdp": null}), json!([])] {
        local.post(OPEN, &wrong).await.refused(400, "invalid_request");
    }
    for wrong in ["", " ", "a\u{7}b", &"x".repeat(129)] {
        local.post(OPEN, &wish(wrong)).await.refused_field(400, "invalid_request", "userId");
    }
    let large = with(wish("ada"), &json!({"metadata": {"a": "x".repeat(4_096)}}));
    local.post(OPEN, &large).await.refused_field(400, "invalid_request", "metadata");
    assert!(asked_of_openai(&world, Operation::Sdp).is_empty());
    assert_eq!(slots_held(&world, "").await, 0);
    // What only OpenAI can tell to be none is OpenAI's to refuse, and is no call.
    let garbled = "v=0\r\nm=audio 9\r\n";
    let refused = local.post(OPEN, &json!({"userId": "ada", "sdp": garbled})).await;
    refused.refused(422, "provider_rejected");
    assert_eq!((meter(&world).dials, slots_held(&world, "").await), (0, 0));
}

#[tokio::test]
async fn an_offer_may_be_posted_as_it_is() {
    let world = TestWorld::with(&[("RealtimePresets", PRESETS)]).await;
    let (_, token) = page_token(&world).await;
    for (credential, path) in [
        (token.as_str(), format!("{OPEN}?preset=brief")),
        (switchboard_dev::credentials::LOCAL_KEY, format!("{OPEN}?preset=brief&userId=ada")),
    ] {
        let page = world.bearing(credential).with("content-type", "application/sdp; charset=utf-8");
        let opened = page.send(reqwest::Method::POST, &path, Some(offer().into_bytes())).await;
        let held = Held::told(&opened);
        assert!(opened.text("/sdp").starts_with("v=0"));
        assert_eq!(session(&world)["instructions"], "Say little.");
        renew_with(&world.bearing(credential), &held.rts, &held.secret).await.expect(200);
    }
    let plain = world.as_local().with("content-type", "text/plain");
    plain.send(reqwest::Method::POST, OPEN, Some(offer().into_bytes())).await.refused(415, "unsupported_media_type");
    let bytes = world.as_local().with("content-type", "application/sdp");
    bytes.send(reqwest::Method::POST, OPEN, Some(vec![0xff, 0xfe])).await.refused(400, "invalid_request");
}
