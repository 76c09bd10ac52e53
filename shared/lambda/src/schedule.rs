//! A function that nobody calls: the schedule wakes it, and its answer goes nowhere.

use std::future::Future;
use std::sync::Arc;

use lambda_http::lambda_runtime::{self, LambdaEvent};
use serde_json::Value;

/// Serves the schedule's events until Lambda stops the process. `run` is given what the event says, which may be nothing.
///
/// # Errors
/// If the Lambda runtime's API cannot be reached.
pub async fn serve_schedule<A, R, F>(app: A, run: R) -> Result<(), lambda_http::Error>
where
    A: Send + Sync + 'static,
    R: Fn(Arc<A>, Value) -> F + Copy + Send + Sync + 'static,
    F: Future<Output = Result<(), lambda_http::Error>> + Send + 'static,
{
    let app = Arc::new(app);
    let service = lambda_runtime::service_fn(move |event: LambdaEvent<Value>| run(Arc::clone(&app), event.payload));
    lambda_runtime::run(service).await
}
