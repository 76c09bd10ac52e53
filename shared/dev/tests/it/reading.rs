//! Reading calls: lists, what comes with a call, alarms, figures, and R4's dashboard over the same.

mod alarms;
mod cost;
mod dashboard;
mod figures;
mod listing;
mod one;
mod owners;
mod scenarios;

use serde_json::Value;

use crate::harness::Caller;

const CALLS: &str = "/api/calls";

/// The path of what comes with a call.
fn of(call: &str, what: &str) -> String {
    format!("{CALLS}/{call}{what}")
}

/// Every page of a list, as its items; fails after `most` pages.
async fn pages(caller: &Caller<'_>, path: &str, list: &str, most: usize) -> Vec<Vec<Value>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    for _ in 0..most {
        let page = caller.get(&format!("{path}{cursor}")).await;
        page.expect(200);
        pages.push(page.json[list].as_array().unwrap().clone());
        assert_eq!(
            page.members(""),
            [list, "nextCursor"].into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
        );
        let Some(next) = page.json["nextCursor"].as_str() else { return pages };
        cursor = format!("{}cursor={next}", if path.contains('?') { '&' } else { '?' });
    }
    panic!("{path} has no end");
}

/// The texts at a place of every item.
fn texts(items: &[Value], name: &str) -> Vec<String> {
    items.iter().map(|item| item[name].as_str().unwrap_or_default().to_owned()).collect()
}
