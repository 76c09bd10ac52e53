//! What becomes of every variable of the old deployments.

/// What becomes of a variable.
pub(super) enum Fate {
    /// It is a value in these secrets, by the last part of each one's name.
    Secret(&'static [&'static str]),
    /// It is a parameter of the template.
    Parameter(&'static str),
    /// It has no counterpart, for this reason.
    Gone(&'static str),
}

/// The variables of the old deployments, and those that ours has beyond them.
pub(super) const VARIABLES: [(&str, Fate); 58] = [
    ("OMI_API_KEY", Fate::Secret(&["omi"])),
    ("OMI_API_SECRET", Fate::Secret(&["omi"])),
    ("OMI_APP_ID", Fate::Secret(&["omi"])),
    ("OMI_WEBHOOK_SECRET", Fate::Secret(&["omi-webhook"])),
    ("JWT_SECRET", Fate::Secret(&["signing"])),
    ("OMI_BASE_URL", Fate::Parameter("OmiBaseUrl")),
    ("OMI_MODEL", Fate::Parameter("OmiModel")),
    ("CORS_ORIGIN", Fate::Parameter("CorsOrigin")),
    ("RATE_LIMIT_WINDOW_MS", Fate::Parameter("RateLimitWindowMs")),
    ("RATE_LIMIT_MAX_REQUESTS", Fate::Parameter("RateLimitMaxRequests")),
    ("DEBUG", Fate::Parameter("Debug")),
    ("LOG_LEVEL", Fate::Parameter("LogLevel")),
    ("PUBLIC_SESSIONS", Fate::Parameter("PublicSessions")),
    ("OMI_TEMPERATURE", Fate::Parameter("OmiTemperature")),
    ("OMI_MAX_TOKENS", Fate::Parameter("OmiMaxTokens")),
    ("OMI_CONTEXT_WINDOW", Fate::Parameter("OmiContextWindow")),
    ("OMI_VOICE_MODEL", Fate::Parameter("OmiVoiceModel")),
    ("OMI_LANGUAGE", Fate::Parameter("OmiLanguage")),
    ("OMI_MAX_CONCURRENT_SESSIONS", Fate::Parameter("OmiMaxConcurrentSessions")),
    ("OMI_REQUESTS_PER_MINUTE", Fate::Parameter("OmiRequestsPerMinute")),
    ("OMI_SESSION_TIMEOUT_SECS", Fate::Parameter("OmiSessionTimeoutSecs")),
    ("NODE_ENV", Fate::Gone("the stage is a parameter: sam deploy --config-env prod")),
    ("PORT", Fate::Gone("a deployment has no port; locally: cargo dev --port")),
    ("OMI_USE_MOCK", Fate::Gone("the local world always speaks to simulated OMI, a deployment never does")),
    ("OMI_API_URL", Fate::Gone("write OMI_BASE_URL, with /v1")),
    // R1: OmniDimension.
    ("OMNIDIMENSION_API_KEY", Fate::Secret(&["omnidimension"])),
    ("OMNIDIMENSION_BASE_URL", Fate::Parameter("OmnidimensionBaseUrl")),
    ("OMNIDIMENSION_AGENT_ID", Fate::Parameter("OmnidimensionAgentId")),
    ("OMNIDIMENSION_FROM_NUMBER_ID", Fate::Parameter("OmnidimensionFromNumberId")),
    ("AGENT_NAME", Fate::Parameter("AgentName")),
    ("AGENT_VOICE_ID", Fate::Parameter("AgentVoiceId")),
    ("AGENT_VOICE_PROVIDER", Fate::Parameter("AgentVoiceProvider")),
    ("AGENT_MODEL", Fate::Parameter("AgentModel")),
    ("AGENT_TEMPERATURE", Fate::Parameter("AgentTemperature")),
    ("AGENT_MAX_CALL_SECS", Fate::Parameter("AgentMaxCallSecs")),
    (
        "WEBHOOK_URL",
        Fate::Gone("an address that reports calls is made here: cargo dev webhook-url create --provider omnidimension"),
    ),
    ("PHP_API_URL", Fate::Gone("there is no service in between any more; the front end asks the API")),
    ("PYTHON_SERVICE_URL", Fate::Gone("there is no service in between any more; the front end asks the API")),
    // R4: Hamsa, and Twilio to end its calls.
    ("HAMSA_API_KEY", Fate::Secret(&["hamsa"])),
    ("HAMSA_BASE_URL", Fate::Parameter("HamsaBaseUrl")),
    ("HAMSA_VOICE_AGENT_ID", Fate::Parameter("HamsaVoiceAgentId")),
    ("HAMSA_PHONE_NUMBER", Fate::Parameter("HamsaPhoneNumber")),
    ("HAMSA_PROJECT_ID", Fate::Parameter("HamsaProjectId")),
    ("TWILIO_ACCOUNT_SID", Fate::Secret(&["twilio", "twilio-webhook"])),
    ("TWILIO_AUTH_TOKEN", Fate::Secret(&["twilio", "twilio-webhook"])),
    ("TWILIO_AGENT_URL", Fate::Parameter("TwilioAgentUrl")),
    ("TWILIO_PHONE_NUMBER", Fate::Parameter("TwilioPhoneNumber")),
    (
        "NEXT_PUBLIC_API_BASE_URL",
        Fate::Gone("the front end's own; ours is the parameter PublicBaseUrl, if the API has a name of yours"),
    ),
    // Ours.
    ("WEBHOOK_URL_SECRET", Fate::Secret(&["webhook-urls"])),
    ("PUBLIC_BASE_URL", Fate::Parameter("PublicBaseUrl")),
    ("CALL_COUNTRIES", Fate::Parameter("CallCountries")),
    ("CALL_MAX_CONCURRENT", Fate::Parameter("CallMaxConcurrent")),
    ("CALL_CAP_PER_DESTINATION", Fate::Parameter("CallCapPerDestination")),
    ("CALL_CAP_PER_RANGE", Fate::Parameter("CallCapPerRange")),
    ("CALL_CAP_NEW_DESTINATIONS", Fate::Parameter("CallCapNewDestinations")),
    ("CALL_DAILY_SPEND", Fate::Parameter("CallDailySpend")),
    ("CALL_DAILY_SPEND_PER_KEY", Fate::Parameter("CallDailySpendPerKey")),
    ("CALL_ESTIMATE_PER_MINUTE", Fate::Parameter("CallEstimatePerMinute")),
];
