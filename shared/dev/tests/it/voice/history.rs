//! A session's history, page by page.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Caller, TestWorld};
use crate::talk::{open, path_of, read, say};

async fn talk(world: &TestWorld, caller: &Caller<'_>, session: &str, turns: usize) {
    for number in 0..turns {
        say(caller, session, &format!("This is sentence {number}")).await.expect(200);
        // Turns of one millisecond have no order.
        world.advance(Duration::from_secs(1)).await;
    }
}

async fn pages(caller: &Caller<'_>, session: &str, limit: usize) -> Vec<Vec<Value>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = caller.get(&format!("{}?limit={limit}{cursor}", path_of(session))).await;
        page.expect(200);
        pages.push(page.json["turns"].as_array().unwrap().clone());
        match &page.json["nextCursor"] {
            Value::Null => return pages,
            next => cursor = format!("&cursor={}", next.as_str().unwrap()),
        }
    }
}

#[tokio::test]
async fn pages_of_any_size_make_up_the_whole_history_in_order() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    talk(&world, &caller, &session, 26).await;
    let whole = caller.get(&format!("{}?limit=100", path_of(&session))).await;
    let whole = whole.json["turns"].as_array().unwrap().clone();
    assert_eq!(whole.len(), 52);
    for (number, exchange) in whole.chunks(2).enumerate() {
        assert_eq!(exchange[0]["text"], json!(format!("This is sentence {number}")));
        assert_eq!((&exchange[0]["role"], &exchange[1]["role"]), (&json!("user"), &json!("agent")));
        assert_eq!(exchange[0]["turnId"], exchange[1]["turnId"]);
        assert!(exchange[0]["at"].as_str() <= exchange[1]["at"].as_str());
    }
    for limit in [1, 3, 13, 52] {
        let pages = pages(&caller, &session, limit).await;
        assert!(pages.iter().all(|page| page.len() <= limit), "{limit}");
        assert_eq!(pages.concat(), whole, "{limit}");
    }
    assert_eq!(read(&caller, &session).await.json["turns"].as_array().unwrap().len(), 50, "the default page");
}

#[tokio::test]
async fn a_cursor_is_good_for_the_list_that_it_came_from_and_for_nothing_else() {
    let world = TestWorld::start().await;
    let (local, other) = (world.as_local(), world.as_other());
    let (session, sibling, foreign) = (open(&local).await, open(&local).await, open(&other).await);
    for (caller, session) in [(&local, &session), (&local, &sibling), (&other, &foreign)] {
        talk(&world, caller, session, 2).await;
    }
    let cursor = local.get(&format!("{}?limit=1", path_of(&session))).await.text("/nextCursor");
    let ask = async |caller: &Caller<'_>, session: &str, cursor: &str| {
        caller.get(&format!("{}?limit=1&cursor={cursor}", path_of(session))).await
    };
    ask(&local, &session, &cursor).await.expect(200);
    ask(&local, &sibling, &cursor).await.refused_field(400, "invalid_request", "cursor");
    ask(&other, &foreign, &cursor).await.refused_field(400, "invalid_request", "cursor");
    for (at, _) in cursor.char_indices() {
        let mut bytes = cursor.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'Q' } else { b'A' };
        let tampered = String::from_utf8(bytes).unwrap();
        ask(&local, &session, &tampered).await.refused_field(400, "invalid_request", "cursor");
    }
    for wrong in ["", "x", "TURN", &format!("{cursor}AA"), &"A".repeat(3_000)] {
        ask(&local, &session, wrong).await.refused_field(400, "invalid_request", "cursor");
    }
}

#[tokio::test]
async fn the_size_of_a_page_is_from_one_to_a_hundred() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    for wrong in ["0", "101", "-1", "1.5", "many", "", "99999999999"] {
        let answer = caller.get(&format!("{}?limit={wrong}", path_of(&session))).await;
        answer.refused_field(400, "invalid_request", "limit");
    }
    for right in ["1", "100"] {
        caller.get(&format!("{}?limit={right}", path_of(&session))).await.expect(200);
    }
}
