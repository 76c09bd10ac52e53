//! One process of a function, with a wire of its own to the table, which can be killed between any two steps of a request.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use switchboard_dev::credentials::LOCAL_KEY;
use switchboard_dev::functions;
use switchboard_dev::gateway::Function;
use switchboard_lambda::Boot;

use crate::harness::{Answer, TestWorld};
use crate::wire::Wire;

/// How often every other task of the runtime has its turn while somebody who is to be killed is not asked any more: often enough
/// for whatever has been sent to arrive.
const TURNS: usize = 300;

/// A process of a function, composed as its binary is.
pub(crate) struct Process {
    function: Function,
    pub(crate) wire: Wire,
}

/// How a process is killed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Death {
    /// After how many pauses of its future.
    pub(crate) after: usize,
    /// Whether what it had sent by then is carried out before it is gone; its connections break in either case.
    pub(crate) sent_is_done: bool,
}

impl Process {
    /// A process that has just begun.
    pub(crate) async fn start(world: &TestWorld, name: &str) -> Self {
        let mut environment = world.world.environment(name).unwrap().clone();
        let wire = Wire::to(&world.world.endpoints().dynamodb, world.http().clone()).await;
        environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), wire.base());
        let boot = Boot::new(environment, Arc::new(world.world.clock().clone()));
        Self { function: functions::compose(name, &boot).unwrap().unwrap(), wire }
    }

    fn invoke(&self, path: &str, key: &str, body: &Value) -> BoxFuture<'static, http::Response<lambda_http::Body>> {
        let event = json!({
            "version": "2.0", "routeKey": format!("POST {path}"), "rawPath": path, "rawQueryString": "",
            "headers": {"authorization": format!("Bearer {LOCAL_KEY}"), "content-type": "application/json",
                "idempotency-key": key},
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": "localhost", "domainPrefix": "a", "requestId": "r",
                "routeKey": format!("POST {path}"), "stage": "$default", "time": "", "timeEpoch": 0,
                "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                    "userAgent": ""},
            },
            "body": body.to_string(), "isBase64Encoded": false,
        });
        (self.function)(lambda_http::request::from_str(&event.to_string()).unwrap())
    }

    /// Posts this to it with the local key, under an idempotency key.
    pub(crate) fn post(&self, path: &str, key: &str, body: &Value) -> impl Future<Output = Answer> + Send + use<> {
        let invoked = self.invoke(path, key, body);
        async move { read(invoked.await) }
    }

    /// The same to a process that is killed on the way; its answer, if it was done before.
    pub(crate) async fn post_until(&self, death: Death, path: &str, key: &str, body: &Value) -> Option<Answer> {
        let mut left = death.after;
        let mut invoked = self.invoke(path, key, body);
        let answered = poll_fn(|context| match invoked.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(read(answer))),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => {
                left -= 1;
                Poll::Pending
            }
        })
        .await;
        if answered.is_none() && death.sent_is_done {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            self.wire.quiet().await;
        }
        answered
    }
}

fn read(response: http::Response<lambda_http::Body>) -> Answer {
    let body = match response.body() {
        lambda_http::Body::Text(text) => text.clone().into_bytes(),
        _ => Vec::new(),
    };
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        json: serde_json::from_slice(&body).unwrap_or_default(),
        body,
    }
}
