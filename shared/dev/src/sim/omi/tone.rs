//! The simulated OMI's voice: a short tone whose length follows the text, as a WAV.
//!
//! A real sound file, small and always the same for the same text; nobody has to understand it.

use sha2::{Digest, Sha256};

/// Samples a second, eight bits each, one channel: telephone quality, and small.
const RATE: u32 = 8000;

/// The shortest and the longest voice, in samples: a fifth of a second to two seconds.
const SHORTEST: usize = 1600;
const LONGEST: usize = 16_000;

/// How many samples each character of the text lasts.
const PER_CHARACTER: usize = 96;

/// The text as a WAV.
pub(super) fn spoken(text: &str) -> Vec<u8> {
    let length = text.chars().count().saturating_mul(PER_CHARACTER).clamp(SHORTEST, LONGEST);
    let seed = Sha256::digest(text.as_bytes()).first().copied().unwrap_or_default();
    // Between 250 and 400 Hz, so that different texts sound different.
    let period = 20 + usize::from(seed) % 13;
    let size = u32::try_from(length).unwrap_or_default();
    let mut wav = Vec::with_capacity(44 + length);
    wav.extend(b"RIFF");
    wav.extend((36 + size).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend(1_u16.to_le_bytes()); // PCM
    wav.extend(1_u16.to_le_bytes()); // one channel
    wav.extend(RATE.to_le_bytes());
    wav.extend(RATE.to_le_bytes()); // bytes a second
    wav.extend(1_u16.to_le_bytes()); // bytes a frame
    wav.extend(8_u16.to_le_bytes()); // bits a sample
    wav.extend(b"data");
    wav.extend(size.to_le_bytes());
    wav.extend((0..length).map(|index| triangle(index % period, period)));
    wav
}

/// A triangle wave around the middle of the range, at half volume.
fn triangle(position: usize, period: usize) -> u8 {
    let distance = (2 * position).abs_diff(period);
    u8::try_from(64 + 128 * distance / period).unwrap_or(128)
}

#[cfg(test)]
mod tests {
    use super::super::speech::{Container, is_silent};
    use super::*;

    #[test]
    fn a_voice_is_a_real_wav_that_grows_with_the_text_within_limits() {
        let (short, long) = (spoken("Yes."), spoken(&"A long answer. ".repeat(5)));
        for wav in [&short, &long] {
            assert_eq!(Container::of(wav), Some(Container::Wav));
            assert!(!is_silent(wav));
            let riff = u32::from_le_bytes(wav[4..8].try_into().unwrap());
            assert_eq!(usize::try_from(riff).unwrap() + 8, wav.len());
        }
        assert!(short.len() < long.len());
        assert_eq!(spoken(&"x".repeat(100_000)).len(), 44 + LONGEST);
        assert_eq!(spoken(""), spoken(""));
        assert_ne!(spoken("one thing"), spoken("something else"));
    }
}
