//! Reads calls and all that comes with them: lists, one call, its timeline, transcript and recording, alarms, figures, and the
//! scenarios that calls can be placed with.
//!
//! It changes nothing, and asks a provider in two places only: R4's `status` and `analytics`. Everything belongs to the caller's
//! tenant; what is another's does not exist.
//!
//! | module | what |
//! |---|---|
//! | `query`, `filter` | what a list is asked for |
//! | `list`, `one` | `GET /api/calls`, `GET /api/calls/{callId}` |
//! | `timeline`, `transcript`, `recording` | what comes with one call |
//! | `plain_text` | a transcript for people |
//! | `alarms` | `GET /api/alarms` |
//! | `analytics`, `summary` | `GET /api/analytics`, and how counts become figures |
//! | `scenarios` | `GET /api/scenarios` |
//! | `hamsa` | R4's dashboard: the same about Hamsa's calls, in the dashboard's words |

mod alarms;
mod analytics;
mod filter;
mod hamsa;
mod list;
mod one;
mod plain_text;
mod query;
mod recording;
mod scenarios;
mod summary;
mod timeline;
mod transcript;

use std::sync::Arc;

use switchboard_auth::{Access, Caller};
use switchboard_core::{Scope, TenantId};
use switchboard_lambda::{ApiError, Boot, ConfigError, Reply, Request, Route, Shell};
use switchboard_providers::hamsa::{Hamsa, HamsaConfig};

/// What this function is made of.
#[derive(Debug)]
pub struct App {
    shell: Shell,
    /// For R4's dashboard.
    hamsa: Hamsa,
    /// Whose the accounts with providers are (`ACCOUNT_OWNER_TENANT`).
    owner: TenantId,
}

/// What can be asked of this function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A page of calls.
    List,
    /// One call.
    Read,
    /// A page of a call's timeline.
    Timeline,
    /// What was said.
    Transcript,
    /// Where the recording is.
    Recording,
    /// A page of alarms.
    Alarms,
    /// Figures of a span of time.
    Analytics,
    /// Every scenario.
    Scenarios,
    /// One scenario.
    Scenario,
    /// A page of Hamsa's calls, as R4's dashboard had it.
    HamsaJobs,
    /// One of Hamsa's calls.
    HamsaJob,
    /// Whether Hamsa answers us.
    HamsaStatus,
    /// Figures of Hamsa's calls, ours and Hamsa's own.
    HamsaAnalytics,
    /// A page of recordings.
    HamsaRecordings,
    /// A page of transcripts.
    HamsaTranscripts,
}

/// The routes.
pub const ROUTES: &[Route<Operation>] = &[
    get("/api/calls", Operation::List),
    get("/api/calls/{callId}", Operation::Read),
    get("/api/calls/{callId}/events", Operation::Timeline),
    get("/api/calls/{callId}/transcript", Operation::Transcript),
    get("/api/calls/{callId}/recording", Operation::Recording),
    get("/api/alarms", Operation::Alarms),
    get("/api/analytics", Operation::Analytics),
    get("/api/scenarios", Operation::Scenarios),
    get("/api/scenarios/{id}", Operation::Scenario),
    get("/api/hamsa/jobs", Operation::HamsaJobs),
    get("/api/hamsa/jobs/{callId}", Operation::HamsaJob),
    get("/api/hamsa/status", Operation::HamsaStatus),
    get("/api/hamsa/analytics", Operation::HamsaAnalytics),
    get("/api/hamsa/recordings", Operation::HamsaRecordings),
    get("/api/hamsa/transcripts", Operation::HamsaTranscripts),
];

const fn get(path: &'static str, operation: Operation) -> Route<Operation> {
    Route::new("GET", path, operation, Access::scope(Scope::CallsRead))
}

impl App {
    /// Composes the function from its environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of the settings.
    pub fn compose(boot: &Boot) -> Result<Self, ConfigError> {
        let mut config = boot.config();
        let shell = Shell::compose(boot, &mut config);
        let owner = Shell::account_owner(&mut config);
        let hamsa = HamsaConfig::read(&mut config);
        config.finish()?;
        let hamsa = Hamsa::new(hamsa, Arc::clone(&shell.secrets), boot.clock(), boot.http());
        Ok(Self { shell, hamsa, owner })
    }
}

impl AsRef<Shell> for App {
    fn as_ref(&self) -> &Shell {
        &self.shell
    }
}

/// Answers a request.
///
/// # Errors
/// [`ApiError`], each with its documented status and code.
pub async fn handle(app: Arc<App>, caller: Caller, request: Request<Operation>) -> Result<Reply, ApiError> {
    match request.operation {
        Operation::List => list::list(&app, &caller, &request).await,
        Operation::Read => one::read(&app, &caller, &request).await,
        Operation::Timeline => timeline::timeline(&app, &caller, &request).await,
        Operation::Transcript => transcript::transcript(&app, &caller, &request).await,
        Operation::Recording => recording::recording(&app, &caller, &request).await,
        Operation::Alarms => alarms::alarms(&app, &caller, &request).await,
        Operation::Analytics => analytics::analytics(&app, &caller, &request).await,
        Operation::Scenarios => scenarios::scenarios(),
        Operation::Scenario => scenarios::scenario(&request),
        Operation::HamsaJobs => hamsa::jobs::jobs(&app, &caller, &request).await,
        Operation::HamsaJob => hamsa::jobs::job(&app, &caller, &request).await,
        Operation::HamsaStatus => hamsa::account::status(&app, &caller).await,
        Operation::HamsaAnalytics => hamsa::account::analytics(&app, &caller, &request).await,
        Operation::HamsaRecordings => hamsa::artifacts::recordings(&app, &caller, &request).await,
        Operation::HamsaTranscripts => hamsa::artifacts::transcripts(&app, &caller, &request).await,
    }
}
