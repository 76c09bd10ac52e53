//! Sound files that the simulators serve: small, valid, and the same for the same words. Nobody has to understand them.
//!
//! A WAV is a tone; an MP3 is silence, whose frames need no encoder.

use std::time::Duration;

use sha2::{Digest, Sha256};

/// Samples a second, eight bits each, one channel: telephone quality, and small.
const RATE: u32 = 8000;

/// The shortest and the longest voice, in samples: a fifth of a second to two seconds.
const SHORTEST: usize = 1600;
const LONGEST: usize = 16_000;

/// How many samples each character of a text lasts.
const PER_CHARACTER: usize = 96;

/// The longest recording of a call: a simulator keeps none of them and makes them anew at every request.
const LONGEST_CALL: Duration = Duration::from_secs(60);

/// One frame of MPEG-2.5 layer III, 8 kbit/s, 8000 Hz, mono: its header; 68 zero bytes behind it are 72 ms of silence.
const MP3_FRAME: [u8; 4] = [0xFF, 0xE3, 0x18, 0xC4];
const MP3_FRAME_BYTES: usize = 72;
const MP3_FRAME_LASTS: Duration = Duration::from_millis(72);

/// The text as a WAV: a tone whose length follows it.
pub(crate) fn spoken(text: &str) -> Vec<u8> {
    let length = text.chars().count().saturating_mul(PER_CHARACTER).clamp(SHORTEST, LONGEST);
    wav(text, length)
}

/// A call as a WAV of its length, up to a minute.
pub(crate) fn call_wav(id: &str, lasted: Duration) -> Vec<u8> {
    let millis = usize::try_from(lasted.min(LONGEST_CALL).as_millis()).unwrap_or_default();
    wav(id, (millis * 8).max(SHORTEST))
}

/// A call as an MP3 of its length, up to a minute.
pub(crate) fn call_mp3(lasted: Duration) -> Vec<u8> {
    let frames = lasted.min(LONGEST_CALL).as_millis().div_ceil(MP3_FRAME_LASTS.as_millis()).max(1);
    let mut frame = MP3_FRAME.to_vec();
    frame.resize(MP3_FRAME_BYTES, 0);
    frame.repeat(usize::try_from(frames).unwrap_or(1))
}

fn wav(text: &str, length: usize) -> Vec<u8> {
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
    use super::*;

    #[test]
    fn a_voice_is_a_real_wav_that_grows_with_the_text_within_limits() {
        let (short, long) = (spoken("Yes."), spoken(&"A long answer. ".repeat(5)));
        for wav in [&short, &long] {
            assert_eq!((&wav[..4], &wav[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
            let riff = u32::from_le_bytes(wav[4..8].try_into().unwrap());
            assert_eq!(usize::try_from(riff).unwrap() + 8, wav.len());
            assert!(wav[44..].iter().any(|sample| sample.abs_diff(128) > 32), "it is not silent");
        }
        assert!(short.len() < long.len());
        assert_eq!(spoken(&"x".repeat(100_000)).len(), 44 + LONGEST);
        assert_eq!(spoken(""), spoken(""));
        assert_ne!(spoken("one thing"), spoken("something else"));
    }

    #[test]
    fn a_recording_lasts_as_long_as_its_call_up_to_a_minute() {
        for (secs, samples) in [(0, SHORTEST), (20, 160_000), (14_400, 480_000)] {
            assert_eq!(call_wav("CA1", Duration::from_secs(secs)).len(), 44 + samples);
        }
        for (secs, frames) in [(0, 1), (20, 278), (14_400, 834)] {
            let mp3 = call_mp3(Duration::from_secs(secs));
            assert_eq!(mp3.len(), frames * MP3_FRAME_BYTES);
            assert!(mp3.chunks(MP3_FRAME_BYTES).all(|frame| frame.starts_with(&MP3_FRAME)));
        }
    }
}
