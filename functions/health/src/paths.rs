//! Every path of the API with its methods, as the other functions serve them.
//!
//! The functions do not know each other; this list is what lets the fallback tell a wrong method from a wrong path. A test
//! compares it with `template.yaml`.

/// Paths and methods.
pub const PATHS: &[(&str, &[&str])] = &[
    ("/agent/info", &["GET"]),
    ("/api/agents", &["GET", "POST"]),
    ("/api/agents/{provider}/{agentId}", &["GET", "PUT", "DELETE"]),
    ("/api/alarms", &["GET"]),
    ("/api/analytics", &["GET"]),
    ("/api/calls", &["GET", "POST"]),
    ("/api/calls/{callId}", &["GET"]),
    ("/api/calls/{callId}/end", &["POST"]),
    ("/api/calls/{callId}/events", &["GET"]),
    ("/api/calls/{callId}/recording", &["GET"]),
    ("/api/calls/{callId}/transcript", &["GET", "POST"]),
    ("/api/chatkit/session", &["POST"]),
    ("/api/chatkit/session/{id}/cancel", &["POST"]),
    ("/api/credits", &["GET"]),
    ("/api/hamsa/analytics", &["GET"]),
    ("/api/hamsa/call", &["POST"]),
    ("/api/hamsa/jobs", &["GET"]),
    ("/api/hamsa/jobs/{callId}", &["GET"]),
    ("/api/hamsa/jobs/{callId}/end", &["POST"]),
    ("/api/hamsa/recordings", &["GET"]),
    ("/api/hamsa/status", &["GET"]),
    ("/api/hamsa/transcripts", &["GET"]),
    ("/api/health", &["GET"]),
    ("/api/numbers", &["GET"]),
    ("/api/providers", &["GET"]),
    ("/api/realtime/calls", &["POST"]),
    ("/api/realtime/calls/{rtsId}/end", &["POST"]),
    ("/api/realtime/calls/{rtsId}/renew", &["POST"]),
    ("/api/realtime/token", &["POST"]),
    ("/api/realtime/translate", &["POST"]),
    ("/api/scenarios", &["GET"]),
    ("/api/scenarios/{id}", &["GET"]),
    ("/api/v1/chatkit/realtime-session", &["POST"]),
    ("/api/v1/chatkit/session", &["POST"]),
    ("/api/voice/process", &["POST"]),
    ("/api/voice/session", &["POST"]),
    ("/api/voice/session/{sessionId}", &["GET", "PATCH", "DELETE"]),
    ("/api/voice/session/{sessionId}/end", &["POST"]),
    ("/api/voice/uploads", &["POST"]),
    ("/api/webhook", &["POST"]),
    ("/api/webhook-urls", &["GET", "POST"]),
    ("/api/webhook-urls/{hookId}", &["DELETE"]),
    ("/api/webhook-urls/{hookId}/rotate", &["POST"]),
    ("/api/webhooks/explain", &["POST"]),
    ("/call/create", &["POST"]),
    ("/call/{callId}/end", &["POST"]),
    ("/health", &["GET"]),
    ("/webhooks/hamsa/{token}", &["POST"]),
    ("/webhooks/omi", &["POST"]),
    ("/webhooks/omnidimension/{token}", &["POST"]),
    ("/webhooks/openai", &["POST"]),
    ("/webhooks/twilio", &["GET", "POST"]),
];

/// The methods that a path serves; `None` if there is no such path.
#[must_use]
pub fn methods_of(path: &str) -> Option<&'static [&'static str]> {
    PATHS.iter().find(|(pattern, _)| fits(pattern, path)).map(|(_, methods)| *methods)
}

fn fits(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(expected), Some(given)) if expected == given || (expected.starts_with('{') && !given.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_by_its_pattern() {
        assert_eq!(methods_of("/api/health"), Some(["GET"].as_slice()));
        assert_eq!(methods_of("/api/voice/session/ses_1/end"), Some(["POST"].as_slice()));
        for unknown in ["/", "", "/api/health/", "/api/voice/session//end", "/api"] {
            assert_eq!(methods_of(unknown), None, "{unknown:?}");
        }
    }
}
