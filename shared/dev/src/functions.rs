//! The functions as the local world holds them: each composed from its own environment, as its binary is, and called as its
//! binary is called.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use switchboard_lambda::{Boot, ConfigError, dispatch};
use switchboard_store::StoreError;

use crate::gateway::Function;

/// A function that the schedule wakes: one round of its work.
pub type Scheduled = Arc<dyn Fn() -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync>;

/// Composes a function and makes it callable.
macro_rules! host {
    ($boot:expr, $function:ident) => {{
        let app = Arc::new($function::App::compose($boot)?);
        let call: Function =
            Arc::new(move |event| Box::pin(dispatch(Arc::clone(&app), $function::ROUTES, $function::handle, event)));
        Ok(Some(call))
    }};
}

/// A function by the name of its crate; `None` if there is none of that name that answers requests.
///
/// # Errors
/// [`ConfigError`] with every problem of its settings.
pub fn compose(name: &str, boot: &Boot) -> Result<Option<Function>, ConfigError> {
    match name {
        "session" => host!(boot, session),
        "process" => host!(boot, process),
        "webhook" => host!(boot, webhook),
        "health" => host!(boot, health),
        "admin" => host!(boot, admin),
        "agents" => host!(boot, agents),
        "call-create" => host!(boot, call_create),
        "call-end" => host!(boot, call_end),
        "realtime-token" => host!(boot, realtime_token),
        "call-read" => host!(boot, call_read),
        _ => Ok(None),
    }
}

/// A function of the schedule by the name of its crate; `None` if there is none of that name.
///
/// # Errors
/// [`ConfigError`] with every problem of its settings.
pub fn compose_scheduled(name: &str, boot: &Boot) -> Result<Option<Scheduled>, ConfigError> {
    if name != "sweep" {
        return Ok(None);
    }
    let app = Arc::new(sweep::App::compose(boot)?);
    Ok(Some(Arc::new(move || {
        let app = Arc::clone(&app);
        Box::pin(async move { sweep::round(&app).await.map(drop) })
    })))
}
