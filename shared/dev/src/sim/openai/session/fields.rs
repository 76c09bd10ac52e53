//! The parameters of a session, as the current API has them. What is not here is refused by its name, as the API does.

use super::shape::{Field, Shape, optional, required};

/// The voices that are built in.
const VOICES: [&str; 10] = ["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"];

/// What transcribes what a caller says.
const TRANSCRIBERS: [&str; 8] = [
    "whisper-1",
    "gpt-transcribe",
    "gpt-live-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-4o-transcribe",
    "gpt-4o-transcribe-diarize",
    "gpt-realtime-whisper",
];

/// The most tokens that one response may be limited to.
const MOST_OUTPUT_TOKENS: i64 = 4096;

/// Milliseconds that a setting of speech detection may have: a minute, past all sense.
const MOST_MILLIS: i64 = 60_000;

const AUDIO_FORMAT: Shape = Shape::Tagged(&[
    ("audio/pcm", &[optional("rate", Shape::Whole(24_000, 24_000))]),
    ("audio/pcmu", &[]),
    ("audio/pcma", &[]),
]);

const VOICE: Shape = Shape::Either(&[Shape::OneOf(&VOICES), Shape::Object(&[required("id", Shape::Text)])]);

const TURN_DETECTION: Shape = Shape::OrNull(&Shape::Tagged(&[
    (
        "server_vad",
        &[
            optional("threshold", Shape::Number(0.0, 1.0)),
            optional("prefix_padding_ms", Shape::Whole(0, MOST_MILLIS)),
            optional("silence_duration_ms", Shape::Whole(0, MOST_MILLIS)),
            optional("idle_timeout_ms", Shape::OrNull(&Shape::Whole(5_000, 30_000))),
            optional("create_response", Shape::Flag),
            optional("interrupt_response", Shape::Flag),
        ],
    ),
    (
        "semantic_vad",
        &[
            optional("eagerness", Shape::OneOf(&["low", "medium", "high", "auto"])),
            optional("create_response", Shape::Flag),
            optional("interrupt_response", Shape::Flag),
        ],
    ),
]));

const TRANSCRIPTION: Shape = Shape::OrNull(&Shape::Object(&[
    optional("model", Shape::OneOf(&TRANSCRIBERS)),
    optional("language", Shape::OrNull(&Shape::Text)),
    optional("languages", Shape::List(&Shape::Text)),
    optional("prompt", Shape::OrNull(&Shape::Text)),
    optional("keywords", Shape::List(&Shape::Text)),
    optional("delay", Shape::OneOf(&["minimal", "low", "medium", "high", "xhigh"])),
]));

const NOISE_REDUCTION: Shape = Shape::OrNull(&Shape::Object(&[
    required("type", Shape::OneOf(&["near_field", "far_field"])),
    optional("strength", Shape::Number(0.0, 1.0)),
]));

const INPUT: Shape = Shape::Object(&[
    optional("format", AUDIO_FORMAT),
    optional("noise_reduction", NOISE_REDUCTION),
    optional("transcription", TRANSCRIPTION),
    optional("turn_detection", TURN_DETECTION),
]);

const OUTPUT: Shape = Shape::Object(&[
    optional("format", AUDIO_FORMAT),
    optional("voice", VOICE),
    optional("speed", Shape::Number(0.25, 1.5)),
]);

const MODALITIES: Shape = Shape::List(&Shape::OneOf(&["text", "audio"]));

const OUTPUT_TOKENS: Shape = Shape::Either(&[Shape::Whole(1, MOST_OUTPUT_TOKENS), Shape::OneOf(&["inf"])]);

const TOOLS: Shape = Shape::List(&Shape::Tagged(&[
    (
        "function",
        &[required("name", Shape::Text), optional("description", Shape::Text), optional("parameters", Shape::Map)],
    ),
    (
        "mcp",
        &[
            required("server_label", Shape::Text),
            optional("server_url", Shape::Text),
            optional("connector_id", Shape::Text),
            optional("tunnel_id", Shape::Text),
            optional("server_description", Shape::Text),
            optional("authorization", Shape::Text),
            optional("headers", Shape::OrNull(&Shape::Map)),
            optional("allowed_tools", Shape::Any),
            optional("allowed_callers", Shape::List(&Shape::OneOf(&["direct", "programmatic"]))),
            optional("require_approval", Shape::Any),
            optional("defer_loading", Shape::Flag),
        ],
    ),
]));

const TOOL_CHOICE: Shape = Shape::Either(&[
    Shape::OneOf(&["none", "auto", "required"]),
    Shape::Tagged(&[
        ("function", &[required("name", Shape::Text)]),
        ("mcp", &[required("server_label", Shape::Text), optional("name", Shape::OrNull(&Shape::Text))]),
    ]),
]);

const PROMPT: Shape = Shape::OrNull(&Shape::Object(&[
    required("id", Shape::Text),
    optional("version", Shape::OrNull(&Shape::Text)),
    optional("variables", Shape::OrNull(&Shape::Map)),
]));

const REASONING: Shape =
    Shape::Object(&[optional("effort", Shape::OneOf(&["minimal", "low", "medium", "high", "xhigh"]))]);

const TRACING: Shape = Shape::OrNull(&Shape::Either(&[
    Shape::OneOf(&["auto"]),
    Shape::Object(&[
        optional("workflow_name", Shape::Text),
        optional("group_id", Shape::Text),
        optional("metadata", Shape::Map),
    ]),
]));

const TRUNCATION: Shape = Shape::Either(&[
    Shape::OneOf(&["auto", "disabled"]),
    Shape::Tagged(&[(
        "retention_ratio",
        &[
            required("retention_ratio", Shape::Number(0.0, 1.0)),
            optional("token_limits", Shape::Object(&[optional("post_instructions", Shape::Whole(0, i64::MAX))])),
        ],
    )]),
]);

const INCLUDE: Shape = Shape::OrNull(&Shape::List(&Shape::OneOf(&["item.input_audio_transcription.logprobs"])));

/// A session as a client sets it up or changes it.
pub(super) const SESSION: Shape = Shape::Tagged(&[
    (
        "realtime",
        &[
            optional("model", Shape::Text),
            optional("instructions", Shape::Text),
            optional("output_modalities", MODALITIES),
            optional("audio", Shape::Object(&[optional("input", INPUT), optional("output", OUTPUT)])),
            optional("tools", TOOLS),
            optional("tool_choice", TOOL_CHOICE),
            optional("max_output_tokens", OUTPUT_TOKENS),
            optional("parallel_tool_calls", Shape::Flag),
            optional("prompt", PROMPT),
            optional("reasoning", REASONING),
            optional("tracing", TRACING),
            optional("truncation", TRUNCATION),
            optional("include", INCLUDE),
        ],
    ),
    ("transcription", &[optional("audio", Shape::Object(&[optional("input", INPUT)])), optional("include", INCLUDE)]),
]);

/// What one response may be given that differs from its session.
pub(in crate::sim::openai) const RESPONSE: &[Field] = &[
    optional("instructions", Shape::Text),
    optional("output_modalities", MODALITIES),
    optional("audio", Shape::Object(&[optional("output", OUTPUT)])),
    optional("conversation", Shape::OneOf(&["auto", "none"])),
    optional("input", Shape::List(&Shape::Map)),
    optional("metadata", Shape::OrNull(&Shape::Map)),
    optional("tools", TOOLS),
    optional("tool_choice", TOOL_CHOICE),
    optional("max_output_tokens", OUTPUT_TOKENS),
    optional("parallel_tool_calls", Shape::Flag),
    optional("prompt", PROMPT),
    optional("reasoning", REASONING),
];
