//! How the simulated OMI hears a recording: containers told by their first bytes, and a rule in place of recognition.
//!
//! The rule, so that whoever makes a recording knows what will be heard:
//! 1. under 44 bytes (less than a WAV header), all zero, or a WAV whose samples are all silence: nothing;
//! 2. a WAV with a comment (`ICMT` in a `LIST`/`INFO` chunk): the comment;
//! 3. anything else: a sentence chosen by the SHA-256 of the bytes, the same for the same recording.

use sha2::{Digest, Sha256};

use super::language::Language;

/// A WAV header alone; anything shorter cannot hold sound.
const SHORTEST: usize = 44;

/// The container of a recording, told by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    Wav,
    Mpeg,
    Webm,
    Ogg,
    Mp4,
}

impl Container {
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
        if at(0, b"RIFF") && at(8, b"WAVE") {
            Some(Self::Wav)
        } else if at(0, b"ID3") || matches!(bytes, [0xFF, second, ..] if second & 0xE0 == 0xE0) {
            Some(Self::Mpeg)
        } else if at(0, &[0x1A, 0x45, 0xDF, 0xA3]) {
            Some(Self::Webm)
        } else if at(0, b"OggS") {
            Some(Self::Ogg)
        } else if at(4, b"ftyp") {
            Some(Self::Mp4)
        } else {
            None
        }
    }

    pub(super) fn mime_type(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Mpeg => "audio/mpeg",
            Self::Webm => "audio/webm",
            Self::Ogg => "audio/ogg",
            Self::Mp4 => "audio/mp4",
        }
    }
}

/// Whether there is nothing to hear.
pub(super) fn is_silent(bytes: &[u8]) -> bool {
    if bytes.len() < SHORTEST || bytes.iter().all(|byte| *byte == 0) {
        return true;
    }
    if Container::of(bytes) != Some(Container::Wav) {
        return false;
    }
    let bits = chunk(bytes, b"fmt ").and_then(|format| Some(u16::from_le_bytes([*format.get(14)?, *format.get(15)?])));
    // Samples of eight bits are unsigned, silence in the middle; wider ones are signed.
    let rest = if bits == Some(8) { 0x80 } else { 0 };
    chunk(bytes, b"data").is_none_or(|samples| samples.iter().all(|byte| *byte == rest || *byte == 0))
}

/// What is heard in a recording that is not silent.
pub(super) fn transcription(bytes: &[u8], language: Language) -> String {
    if let Some(comment) = comment(bytes) {
        return comment;
    }
    let sentences: &[&str] = match language {
        Language::English => &SENTENCES_EN,
        Language::Arabic => &SENTENCES_AR,
    };
    let first = Sha256::digest(bytes).first().copied().unwrap_or_default();
    let index = usize::from(first) % sentences.len();
    sentences.get(index).copied().unwrap_or_default().to_owned()
}

/// The text of a WAV's comment.
fn comment(bytes: &[u8]) -> Option<String> {
    if Container::of(bytes) != Some(Container::Wav) {
        return None;
    }
    let mut lists = chunks(bytes.get(12..)?).filter(|(id, _)| id == b"LIST");
    let text = lists.find_map(|(_, list)| {
        let info = list.strip_prefix(b"INFO")?;
        chunks(info).find(|(id, _)| id == b"ICMT").map(|(_, text)| text)
    })?;
    let text = String::from_utf8_lossy(text);
    let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    (!text.is_empty()).then(|| text.to_owned())
}

fn chunk<'a>(wav: &'a [u8], wanted: &[u8; 4]) -> Option<&'a [u8]> {
    chunks(wav.get(12..)?).find(|(id, _)| id == wanted).map(|(_, body)| body)
}

/// The chunks of a RIFF body. A chunk that claims more than there is has what there is.
fn chunks(mut rest: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (id, after) = rest.split_first_chunk::<4>()?;
        let (size, body) = after.split_first_chunk::<4>()?;
        let size = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX).min(body.len());
        // Chunks start at even offsets.
        rest = body.get(size.saturating_add(size % 2)..).unwrap_or_default();
        Some((*id, body.get(..size).unwrap_or_default()))
    })
}

const SENTENCES_EN: [&str; 12] = [
    "My internet has been down since this morning.",
    "Why is my bill higher than last month?",
    "I would like to pay my invoice by card.",
    "Can I upgrade to a faster plan?",
    "I forgot my password and cannot log in.",
    "I want to cancel my contract.",
    "When will the technician come?",
    "The wifi is slow in the evening.",
    "Could I speak to a human, please?",
    "Hello, I need some help.",
    "There is a charge on my bill that I do not know.",
    "Thank you, that was all.",
];

const SENTENCES_AR: [&str; 12] = [
    "الإنترنت عندي مقطوع منذ الصباح.",
    "لماذا فاتورتي أعلى من الشهر الماضي؟",
    "أريد دفع الفاتورة بالبطاقة.",
    "هل يمكن ترقية الباقة إلى سرعة أعلى؟",
    "نسيت كلمة المرور ولا أستطيع الدخول.",
    "أريد إلغاء الاشتراك.",
    "متى يأتي الفني؟",
    "الواي فاي بطيء في المساء.",
    "هل يمكنني التحدث مع موظف؟",
    "مرحبا، أحتاج إلى مساعدة.",
    "هناك رسوم في فاتورتي لا أعرفها.",
    "شكرا، هذا كل شيء.",
];

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A WAV of eight-bit samples, with a comment where one is given.
    pub(in super::super) fn wav(samples: &[u8], comment: Option<&str>) -> Vec<u8> {
        let mut body = b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0".to_vec();
        if let Some(comment) = comment {
            let mut info = b"INFOICMT".to_vec();
            info.extend(u32::try_from(comment.len()).unwrap().to_le_bytes());
            info.extend(comment.as_bytes());
            if comment.len() % 2 == 1 {
                info.push(0);
            }
            body.extend(b"LIST");
            body.extend(u32::try_from(info.len()).unwrap().to_le_bytes());
            body.extend(info);
        }
        body.extend(b"data");
        body.extend(u32::try_from(samples.len()).unwrap().to_le_bytes());
        body.extend(samples);
        let mut wav = b"RIFF".to_vec();
        wav.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
        wav.extend(body);
        wav
    }

    #[test]
    fn a_comment_is_what_is_heard_whatever_its_length() {
        for text in ["My internet is down", "My internet is down.", "الإنترنت مقطوع"] {
            let recording = wav(&[0x80, 0x90, 0x70, 0x99], Some(text));
            assert!(!is_silent(&recording));
            assert_eq!(transcription(&recording, Language::English), text);
        }
    }

    #[test]
    fn without_a_comment_the_bytes_choose_a_sentence_and_always_the_same() {
        let mut heard = std::collections::BTreeSet::new();
        for seed in 0..200_u8 {
            let recording = wav(&[seed, 1, 2, 3], None);
            let sentence = transcription(&recording, Language::English);
            assert_eq!(sentence, transcription(&recording, Language::English));
            assert!(SENTENCES_EN.contains(&sentence.as_str()));
            heard.insert(sentence);
        }
        assert_eq!(heard.len(), SENTENCES_EN.len());
        assert!(SENTENCES_AR.contains(&transcription(b"OggS and so on", Language::Arabic).as_str()));
    }

    #[test]
    fn silence_is_what_is_too_short_or_has_no_sound() {
        assert!(is_silent(b""));
        assert!(is_silent(&[0; 5000]));
        assert!(is_silent(b"OggS"));
        assert!(is_silent(&wav(&[0x80; 800], None)));
        assert!(is_silent(&wav(&[0; 800], Some("a comment does not make a sound"))));
        assert!(!is_silent(&wav(&[0x80, 0x81], None)));
        assert!(!is_silent(&[7; 44]));
    }

    #[test]
    fn containers_are_told_by_their_first_bytes() {
        for (bytes, container) in [
            (&wav(&[1], None)[..], Some(Container::Wav)),
            (b"ID3\x04", Some(Container::Mpeg)),
            (b"\xFF\xFB\x90\x00", Some(Container::Mpeg)),
            (b"\x1A\x45\xDF\xA3", Some(Container::Webm)),
            (b"OggS", Some(Container::Ogg)),
            (b"\0\0\0\x20ftypM4A ", Some(Container::Mp4)),
            (b"RIFF\0\0\0\0AVI ", None),
            (b"MZ", None),
            (b"", None),
        ] {
            assert_eq!(Container::of(bytes), container, "{bytes:?}");
        }
    }

    #[test]
    fn a_wav_that_lies_about_its_sizes_does_no_harm() {
        let mut lying = wav(&[1, 2, 3, 4], Some("hello there"));
        for index in 0..lying.len() {
            let before = std::mem::replace(&mut lying[index], 0xFF);
            let _ = (is_silent(&lying), transcription(&lying, Language::English));
            lying[index] = before;
        }
    }
}
