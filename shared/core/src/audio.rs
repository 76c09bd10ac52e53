//! Recordings: which kinds are taken, and how the bytes of each begin.

use serde::{Deserialize, Serialize};

/// The largest recording, in bytes: OMI's limit (R0, "Audio file size limit: 10MB").
pub const MAX_AUDIO_BYTES: u64 = 10 * 1024 * 1024;

/// A kind of recording that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AudioType {
    /// RIFF/WAVE.
    #[serde(rename = "audio/wav")]
    Wav,
    /// MPEG audio, layers I to III, with or without an ID3 tag.
    #[serde(rename = "audio/mpeg")]
    Mpeg,
    /// Matroska restricted to WebM; what browsers' `MediaRecorder` writes.
    #[serde(rename = "audio/webm")]
    Webm,
    /// Ogg.
    #[serde(rename = "audio/ogg")]
    Ogg,
    /// ISO base media (M4A).
    #[serde(rename = "audio/mp4")]
    Mp4,
}

impl AudioType {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Wav, Self::Mpeg, Self::Webm, Self::Ogg, Self::Mp4];

    /// As many bytes of a recording as [`AudioType::matches`] looks at.
    pub const MAGIC_BYTES: usize = 12;

    /// The media type's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Mpeg => "audio/mpeg",
            Self::Webm => "audio/webm",
            Self::Ogg => "audio/ogg",
            Self::Mp4 => "audio/mp4",
        }
    }

    /// What such a file's name ends in.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Mpeg => "mp3",
            Self::Webm => "webm",
            Self::Ogg => "ogg",
            Self::Mp4 => "m4a",
        }
    }

    /// Reads a media type as clients send it: any letter case, parameters such as `;codecs=opus` left aside, and the two
    /// spellings of WAV and M4A that browsers and phones use.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let essence = text.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        match essence.as_str() {
            "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => Some(Self::Wav),
            "audio/mpeg" | "audio/mp3" => Some(Self::Mpeg),
            "audio/webm" => Some(Self::Webm),
            "audio/ogg" => Some(Self::Ogg),
            "audio/mp4" | "audio/m4a" | "audio/x-m4a" => Some(Self::Mp4),
            _ => None,
        }
    }

    /// Whether bytes that begin like `head` can be such a recording. A provider is billed per request, so what is plainly
    /// not audio never gets there.
    #[must_use]
    pub fn matches(self, head: &[u8]) -> bool {
        match self {
            Self::Wav => head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WAVE"),
            // A frame begins with eleven set bits; layer bits 00 are reserved, so AAC's ADTS (layer 00) is not MPEG audio.
            Self::Mpeg => {
                head.starts_with(b"ID3")
                    || matches!(head, [0xFF, second, ..] if second & 0xE0 == 0xE0 && second & 0x06 != 0)
            }
            Self::Webm => head.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]),
            Self::Ogg => head.starts_with(b"OggS"),
            Self::Mp4 => head.get(4..8) == Some(b"ftyp"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADS: [(AudioType, &[u8]); 6] = [
        (AudioType::Wav, b"RIFF\x24\0\0\0WAVE"),
        (AudioType::Mpeg, b"ID3\x04\0\0\0\0\0\0\0\0"),
        (AudioType::Mpeg, b"\xFF\xFB\x90\x64\0\0\0\0\0\0\0\0"),
        (AudioType::Webm, b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\xF7\x81"),
        (AudioType::Ogg, b"OggS\0\x02\0\0\0\0\0\0"),
        (AudioType::Mp4, b"\0\0\0\x20ftypM4A "),
    ];

    #[test]
    fn each_kind_is_told_by_how_it_begins_and_by_nothing_else() {
        for (kind, head) in HEADS {
            for candidate in AudioType::ALL {
                assert_eq!(candidate.matches(head), candidate == kind, "{candidate:?} on {head:?}");
            }
        }
        for not_audio in [b"".as_slice(), b"RIFF", b"RIFF\x24\0\0\0AVI ", b"<html>", b"\xFF\xF1\x50\x80", b"%PDF-1.7"] {
            assert!(AudioType::ALL.iter().all(|kind| !kind.matches(not_audio)), "{not_audio:?}");
        }
    }

    #[test]
    fn media_types_are_read_as_browsers_write_them() {
        assert_eq!(AudioType::parse("audio/webm;codecs=opus"), Some(AudioType::Webm));
        assert_eq!(AudioType::parse("Audio/X-WAV"), Some(AudioType::Wav));
        assert_eq!(AudioType::parse("video/webm"), None);
        for kind in AudioType::ALL {
            assert_eq!(AudioType::parse(kind.as_str()), Some(kind));
        }
    }
}
