//! The options of a session: those of the current API with their shapes (SDK types `realtime_session_create_request_param` and
//! below, 3.52.0), where the beta's have gone, and why the others have not gone anywhere.

use super::shape::{Member, Shape, may, must};

/// The kinds of reasoning effort, and of patience in transcribing.
const EFFORTS: &[&str] = &["minimal", "low", "medium", "high", "xhigh"];

/// The options of the current API; `type` apart, which is always `realtime`.
pub(super) const CURRENT: &[Member] = &[
    may("model", Shape::Model),
    may("instructions", Shape::Text),
    may("output_modalities", Shape::Modalities),
    may("audio", Shape::Members(&[may("input", Shape::Members(INPUT)), may("output", Shape::Members(OUTPUT))])),
    may("include", Shape::List(&Shape::Word(&["item.input_audio_transcription.logprobs"]))),
    may("max_output_tokens", Shape::WordOr(&["inf"], &Shape::Whole(1, 4_096))),
    may("parallel_tool_calls", Shape::Flag),
    may("prompt", Shape::OrNull(&Shape::Members(PROMPT))),
    may("reasoning", Shape::Members(&[may("effort", Shape::Word(EFFORTS))])),
    may("tool_choice", Shape::WordOr(&["auto", "none", "required"], &Shape::Kinds(TOOL_CHOICES))),
    may("tools", Shape::List(&Shape::Kinds(TOOLS))),
    may("tracing", Shape::OrNull(&Shape::WordOr(&["auto"], &Shape::Members(TRACING)))),
    may("truncation", Shape::WordOr(&["auto", "disabled"], &Shape::Kinds(&[("retention_ratio", RETENTION)]))),
];

const INPUT: &[Member] = &[
    may("format", Shape::Format),
    may("noise_reduction", Shape::OrNull(&Shape::Members(NOISE_REDUCTION))),
    may("transcription", Shape::OrNull(&Shape::Members(TRANSCRIPTION))),
    may("turn_detection", Shape::OrNull(&Shape::Kinds(&[("server_vad", SERVER_VAD), ("semantic_vad", SEMANTIC_VAD)]))),
];

const OUTPUT: &[Member] =
    &[may("format", Shape::Format), may("voice", Shape::Voice), may("speed", Shape::Number(0.25, 1.5))];

// How strong it may be is not documented.
const NOISE_REDUCTION: &[Member] =
    &[may("type", Shape::Word(&["near_field", "far_field"])), may("strength", Shape::Any)];

const TRANSCRIPTION: &[Member] = &[
    may("model", Shape::Text),
    may("language", Shape::Text),
    may("languages", Shape::List(&Shape::Text)),
    may("prompt", Shape::Text),
    may("keywords", Shape::List(&Shape::Text)),
    may("delay", Shape::Word(EFFORTS)),
];

/// The longest span that a detector of turns may be given, in milliseconds: far beyond what any conversation bears.
const MAX_SPAN_MS: u64 = 600_000;

const SERVER_VAD: &[Member] = &[
    may("threshold", Shape::Number(0.0, 1.0)),
    may("prefix_padding_ms", Shape::Whole(0, MAX_SPAN_MS)),
    may("silence_duration_ms", Shape::Whole(0, MAX_SPAN_MS)),
    may("idle_timeout_ms", Shape::OrNull(&Shape::Whole(0, MAX_SPAN_MS))),
    may("create_response", Shape::Flag),
    may("interrupt_response", Shape::Flag),
];

const SEMANTIC_VAD: &[Member] = &[
    may("eagerness", Shape::Word(&["low", "medium", "high", "auto"])),
    may("create_response", Shape::Flag),
    may("interrupt_response", Shape::Flag),
];

const PROMPT: &[Member] = &[
    must("id", Shape::Text),
    may("version", Shape::OrNull(&Shape::Text)),
    may("variables", Shape::OrNull(&Shape::Open)),
];

const TRACING: &[Member] =
    &[may("group_id", Shape::Text), may("metadata", Shape::Open), may("workflow_name", Shape::Text)];

/// More tokens than any model takes in.
const MAX_TOKENS: u64 = 100_000_000;

const RETENTION: &[Member] = &[
    must("retention_ratio", Shape::Number(0.0, 1.0)),
    may("token_limits", Shape::Members(&[may("post_instructions", Shape::Whole(0, MAX_TOKENS))])),
];

const TOOL_CHOICES: &[(&str, &[Member])] = &[
    ("function", &[must("name", Shape::Text)]),
    ("mcp", &[must("server_label", Shape::Text), may("name", Shape::OrNull(&Shape::Text))]),
];

const TOOLS: &[(&str, &[Member])] = &[
    ("function", &[must("name", Shape::Text), may("description", Shape::Text), may("parameters", Shape::Open)]),
    (
        "mcp",
        // What most of them must be is between the caller and the server that they name.
        &[
            must("server_label", Shape::Text),
            may("server_url", Shape::Text),
            may("server_description", Shape::Text),
            may("connector_id", Shape::Text),
            may("tunnel_id", Shape::Text),
            may("authorization", Shape::Text),
            may("headers", Shape::OrNull(&Shape::Open)),
            may("allowed_tools", Shape::Any),
            may("allowed_callers", Shape::Any),
            may("require_approval", Shape::Any),
            may("defer_loading", Shape::Flag),
        ],
    ),
];

/// Where the beta's options have gone.
pub(super) const MOVED: &[(&str, &[&str])] = &[
    ("modalities", &["output_modalities"]),
    ("voice", &["audio", "output", "voice"]),
    ("speed", &["audio", "output", "speed"]),
    ("output_audio_format", &["audio", "output", "format"]),
    ("input_audio_format", &["audio", "input", "format"]),
    ("input_audio_transcription", &["audio", "input", "transcription"]),
    ("input_audio_noise_reduction", &["audio", "input", "noise_reduction"]),
    ("turn_detection", &["audio", "input", "turn_detection"]),
    ("max_response_output_tokens", &["max_output_tokens"]),
];

/// The shape that stands at a place of the current API.
pub(super) fn shape_at(place: &[&str]) -> Option<&'static Shape> {
    let (first, rest) = place.split_first()?;
    let mut shape = &CURRENT.iter().find(|member| member.name == *first)?.shape;
    for name in rest {
        let Shape::Members(members) = shape else { return None };
        shape = &members.iter().find(|member| member.name == *name)?.shape;
    }
    Some(shape)
}

/// Why an option that is in neither API is left out.
pub(super) fn why_gone(name: &str) -> &'static str {
    match name {
        "temperature" => "the current API has no temperature; say in the instructions how freely to speak",
        "workflow" | "workflow_id" | "workflowId" | "agent" | "agent_id" | "agentId" => {
            "a realtime session takes no workflow and no agent; instructions and tools say how it behaves, and workflows are for chats"
        }
        "id" | "object" | "expires_at" | "client_secret" => "belongs to the answer about a session, not to its options",
        _ => super::shape::UNKNOWN,
    }
}
