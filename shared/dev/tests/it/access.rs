//! Who is admitted: every route of every function, with every kind of credential, compared with what the routes declare.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_auth::{Access, Anonymous, SESSION_TOKEN_LIFETIME, SessionToken, SigningKeys};
use switchboard_core::{Scope, Secret, SessionId, TenantId};
use switchboard_dev::credentials::{LOCAL_KEY, secrets};
use switchboard_lambda::Route;

use crate::harness::{Answer, TestWorld};
use crate::talk::{PROCESS, UPLOADS, end_of, open_with_token, path_of, read, turn, upload};

/// A route as its function declares it.
struct Declared {
    key: String,
    access: Access,
}

fn declared() -> Vec<Declared> {
    fn of<O: Copy>(routes: &'static [Route<O>]) -> impl Iterator<Item = Declared> {
        routes.iter().map(|route| Declared { key: route.key(), access: route.access })
    }
    let (session, process, webhook) = (of(session::ROUTES), of(process::ROUTES), of(webhook::ROUTES));
    let (health, admin, agents) = (of(health::ROUTES), of(admin::ROUTES), of(agents::ROUTES));
    let (place, end, look) = (of(call_create::ROUTES), of(call_end::ROUTES), of(call_read::ROUTES));
    let others =
        health.chain(admin).chain(agents).chain(place).chain(end).chain(look).chain(of(realtime_token::ROUTES));
    session.chain(process).chain(webhook).chain(others).collect()
}

/// A request that a route would serve, and whether it is about a session.
fn request(key: &str, session: &str) -> (reqwest::Method, String, Option<Value>, bool) {
    let (method, path) = key.split_once(' ').unwrap_or(("GET", "/no/such/path"));
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let (body, about_a_session) = match key {
        "POST /api/voice/session" => (Some(json!({"userId": "u"})), false),
        "GET /api/voice/session/{sessionId}" | "DELETE /api/voice/session/{sessionId}" => (None, true),
        "PATCH /api/voice/session/{sessionId}" => (Some(json!({"context": {"a": 1}})), true),
        "POST /api/voice/session/{sessionId}/end" => (Some(json!({})), true),
        "POST /api/voice/process" => (Some(turn(session, "Hello")), true),
        "POST /api/voice/uploads" => (Some(upload(session, "audio/wav", 5)), true),
        "POST /api/webhooks/explain" => (Some(json!({"requestId": "r"})), false),
        // Told apart by its body: empty where the signature is missed, an error where a credential is.
        "POST /api/webhook" | "POST /webhooks/omi" | "POST /webhooks/twilio" | "POST /webhooks/openai" => {
            (Some(json!({"event": "x"})), false)
        }
        "POST /webhooks/hamsa/{token}" | "POST /webhooks/omnidimension/{token}" => (Some(json!({})), false),
        "GET /webhooks/twilio" => (None, false),
        // Nobody is called.
        "POST /api/calls" => (Some(json!({"channel": "web", "provider": "hamsa", "dryRun": true})), false),
        "POST /call/create" | "POST /api/hamsa/call" => (Some(json!({})), false),
        end if end.starts_with("POST") && end.ends_with("{callId}/end") => (Some(json!({})), false),
        read if call_read::ROUTES.iter().any(|route| route.key() == read) => (None, false),
        "POST /api/webhook-urls" => (Some(json!({"provider": "hamsa"})), false),
        "POST /api/webhook-urls/{hookId}/rotate" => (Some(json!({})), false),
        "GET /api/webhook-urls" | "DELETE /api/webhook-urls/{hookId}" => (None, false),
        "POST /api/agents" => (Some(json!({"name": "Messages", "welcomeMessage": "Hello"})), false),
        "PUT /api/agents/{provider}/{agentId}" => (Some(json!({"temperature": 0.5})), false),
        "GET /api/agents" | "GET /api/numbers" | "GET /agent/info" => (None, false),
        "GET /api/agents/{provider}/{agentId}" | "DELETE /api/agents/{provider}/{agentId}" => (None, false),
        "GET /api/credits" | "GET /api/providers" => (None, false),
        "GET /api/health" | "GET /health" | "$default" => (None, false),
        "POST /api/chatkit/session" | "POST /api/v1/chatkit/session" => (Some(json!({"user": "u"})), false),
        realtime if realtime_token::ROUTES.iter().any(|route| route.key() == realtime) => (Some(json!({})), false),
        other => panic!("say here what a good request to {other} is, so that its access is tested"),
    };
    let path = path.replace("{sessionId}", session).replace("{hookId}", "hook_01930000-0000-7000-8000-000000000000");
    let path = path.replace("{callId}", "call_01930000-0000-7000-8000-000000000000").replace("{token}", "none");
    let path = path.replace("{rtsId}", "rts_01930000-0000-7000-8000-000000000000");
    let path = path.replace("{id}", "payment-reminder");
    // Hamsa's agents are never changed, so that asking again asks the same.
    let path = path.replace("{provider}", "hamsa").replace("{agentId}", "8c2f4a0e-6f1b-4d53-9a7c-2e5b1d0f3a96");
    (method, path, body, about_a_session)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Admitted,
    Unauthenticated,
    Forbidden,
}

impl Verdict {
    fn of(answer: &Answer) -> Self {
        match answer.status {
            // A webhook's own refusal has no body: whoever delivered it was let in, and then not believed.
            401 if answer.body.is_empty() => Self::Admitted,
            401 => Self::Unauthenticated,
            403 => Self::Forbidden,
            _ => Self::Admitted,
        }
    }
}

/// What somebody shows.
#[derive(Clone, Debug)]
enum Shown {
    Nothing,
    /// Something that does not hold, whatever it is for.
    Unsound,
    Key(Vec<Scope>),
    Token {
        of_this_session: bool,
    },
}

/// The rule, told apart from the product.
fn expected(access: Access, public: bool, shown: &Shown, about_a_session: bool) -> Verdict {
    if !access.api_key && !access.session_token {
        return Verdict::Admitted;
    }
    match shown {
        Shown::Nothing => match access.anonymous {
            Anonymous::Served => Verdict::Admitted,
            Anonymous::WherePublic if public => Verdict::Admitted,
            Anonymous::WherePublic | Anonymous::Refused => Verdict::Unauthenticated,
        },
        Shown::Unsound => Verdict::Unauthenticated,
        Shown::Key(scopes) => {
            let suffices = access.scope.is_none_or(|scope| scopes.contains(&scope));
            if access.api_key && suffices { Verdict::Admitted } else { Verdict::Forbidden }
        }
        Shown::Token { of_this_session } => {
            let fits = *of_this_session || !about_a_session;
            if access.session_token && fits { Verdict::Admitted } else { Verdict::Forbidden }
        }
    }
}

fn signing_keys(secret: &str) -> SigningKeys {
    SigningKeys::new(vec![Secret::new(secret)]).unwrap()
}

/// A token of this session that is good but for one thing.
fn bad_tokens(world: &TestWorld, session: &str) -> [String; 3] {
    let (_, signing) = secrets().into_iter().find(|(name, _)| *name == "switchboard/signing").unwrap();
    let ours = signing_keys(signing["JWT_SECRET"].as_str().unwrap());
    let id = SessionId::parse(session).unwrap();
    let local = TenantId::parse("local").unwrap();
    let token = |at| SessionToken::new(id, local.clone(), at);
    let yesterday = world.now().minus(SESSION_TOKEN_LIFETIME);
    let expired = token(yesterday).sign(&ours, yesterday).unwrap();
    let foreign = token(world.now()).sign(&signing_keys(&"k".repeat(32)), world.now()).unwrap();
    let good = token(world.now()).sign(&ours, world.now()).unwrap();
    let tampered = good.expose().replacen('.', "A.", 1);
    [expired.expose().to_owned(), foreign.expose().to_owned(), tampered]
}

/// Everything that somebody could show, with its kind.
async fn credentials(world: &TestWorld, session: &str, token: &str, sibling: &str) -> Vec<(Shown, Option<String>)> {
    let mut all = vec![
        (Shown::Nothing, None),
        (Shown::Unsound, Some("garbage".to_owned())),
        (Shown::Unsound, Some("sk_sb_local_0000000000000001".to_owned())),
        (Shown::Unsound, Some("sk_sb_nobody_0000000000000000".to_owned())),
        (Shown::Key(Scope::ALL.to_vec()), Some(LOCAL_KEY.to_owned())),
        (Shown::Key(Vec::new()), Some(world.new_key("local", []).await)),
        (Shown::Token { of_this_session: true }, Some(token.to_owned())),
        (Shown::Token { of_this_session: false }, Some(sibling.to_owned())),
    ];
    for scope in Scope::ALL {
        all.push((Shown::Key(vec![scope]), Some(world.new_key("local", [scope]).await)));
    }
    for bad in bad_tokens(world, session) {
        all.push((Shown::Unsound, Some(bad)));
    }
    let revoked = world.new_key("local", Scope::ALL).await;
    let id = revoked.split('_').nth(2).unwrap().to_owned();
    assert!(world.world.store().api_key_revoke(&id).await.unwrap());
    all.push((Shown::Unsound, Some(revoked)));
    all
}

#[tokio::test]
async fn exactly_those_are_admitted_whom_the_routes_declare() {
    for public in [true, false] {
        let world = TestWorld::with(&[("PublicSessions", if public { "true" } else { "false" })]).await;
        let (session, token) = open_with_token(&world.as_local()).await;
        let (_, sibling) = open_with_token(&world.as_local()).await;
        let credentials = credentials(&world, &session, &token, &sibling).await;
        let mut seen = Vec::new();
        for route in declared() {
            let (method, path, body, about_a_session) = request(&route.key, &session);
            for (shown, bearer) in &credentials {
                let caller = bearer.as_ref().map_or_else(|| world.as_nobody(), |bearer| world.bearing(bearer));
                let body = body.as_ref().map(|body| body.to_string().into_bytes());
                let answer = caller.send_json(method.clone(), &path, body).await;
                let verdict = Verdict::of(&answer);
                let expected = expected(route.access, public, shown, about_a_session);
                assert_eq!(verdict, expected, "{} {shown:?} {bearer:?}: {}", route.key, answer.json);
                seen.push(verdict);
                if verdict == Verdict::Unauthenticated {
                    answer.refused(401, "unauthenticated");
                    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
                }
            }
        }
        for verdict in [Verdict::Admitted, Verdict::Unauthenticated, Verdict::Forbidden] {
            assert!(seen.contains(&verdict), "a matrix without {verdict:?} tests nothing");
        }
    }
}

#[tokio::test]
async fn a_deep_look_at_health_takes_the_scope_admin_beside_what_the_route_asks_for() {
    let world = TestWorld::start().await;
    let path = "/api/health?deep=1";
    world.as_nobody().get(path).await.refused(401, "unauthenticated");
    for scope in Scope::ALL {
        let key = world.new_key("local", [scope]).await;
        let answer = world.bearing(&key).get(path).await;
        if scope == Scope::Admin { answer.expect(200) } else { answer.refused(403, "forbidden") }
    }
}

#[tokio::test]
async fn a_revoked_key_stops_within_a_minute() {
    let world = TestWorld::start().await;
    let key = world.new_key("local", Scope::ALL).await;
    let (session, _) = open_with_token(&world.bearing(&key)).await;
    let id = key.split('_').nth(2).unwrap();
    assert!(world.world.store().api_key_revoke(id).await.unwrap());
    world.advance(Duration::from_secs(60)).await;
    world.bearing(&key).get(&path_of(&session)).await.refused(401, "unauthenticated");
    read(&world.as_local(), &session).await;
}

#[tokio::test]
async fn another_tenant_finds_nothing_on_any_route() {
    let world = TestWorld::start().await;
    let (session, _) = open_with_token(&world.as_local()).await;
    let before = read(&world.as_local(), &session).await.json["context"].clone();
    let mut asked = 0;
    for route in declared() {
        let (method, path, body, about_a_session) = request(&route.key, &session);
        if about_a_session || route.key == "POST /api/webhooks/explain" {
            let body = body.map(|body| body.to_string().into_bytes());
            world.as_other().send_json(method, &path, body).await.refused(404, "not_found");
            asked += 1;
        }
    }
    assert_eq!(asked, 7);
    let after = read(&world.as_local(), &session).await;
    assert_eq!((after.text("/status").as_str(), &after.json["context"]), ("active", &before));
    assert_eq!(after.json["turns"], json!([]));
    // The same words as for what does not exist: whether it does is not told either.
    let unknown = "ses_01930000-0000-7000-8000-000000000000";
    for (foreign, missing) in [
        (world.as_other().get(&path_of(&session)).await, world.as_other().get(&path_of(unknown)).await),
        (
            world.as_other().post(&end_of(&session), &json!({})).await,
            world.as_other().post(&end_of(unknown), &json!({})).await,
        ),
        (
            world.as_other().post(PROCESS, &turn(&session, "x")).await,
            world.as_other().post(PROCESS, &turn(unknown, "x")).await,
        ),
        (
            world.as_other().post(UPLOADS, &upload(&session, "audio/wav", 5)).await,
            world.as_other().post(UPLOADS, &upload(unknown, "audio/wav", 5)).await,
        ),
    ] {
        assert_eq!(foreign.text("/error/message"), missing.text("/error/message"));
    }
}
