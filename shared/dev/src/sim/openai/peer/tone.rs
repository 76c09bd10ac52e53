//! What the far end of a call sounds like: Opus packets of 20 ms, made once and sent over and over.
//!
//! There is no codec here. The voice is half a second of a soft chord (440 and 660 Hz), encoded as mono at 16 kbit/s, every
//! packet of the same length; in between there is Opus' own packet of silence.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How much sound a packet holds, in milliseconds.
pub(crate) const PACKET_MILLIS: u64 = 20;

/// 20 ms of silence: a packet of the full band whose frame says that there is nothing.
const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

/// How long each packet of the voice is, in bytes.
const VOICE_PACKET_BYTES: usize = 40;

const VOICE: &str = "\
    mMU8MZhv5tLoeJ/eGYDaEih5Y0N5IQFKT1QNkyvHQ8Tdqm2slB/7W5jFu35zJzdMskjpHT2LH4yiTgOP0dBdHjKEeOAuGmesMAxVqly1E1uYwH\
    Ac5vVul7hhAhH5UV8eWHqcQRTOyhhyhHjjNgj/rZSXY8ryWcdbmMWjlnQub6YUwQ/ohCrsuEIFU02uqV3pSVacMPUcsHoOXpeajZnfW5jDCEMY\
    Jr1Yo80ZDvw6iGN/sgo2PncQPNVHge65JJn7TKDxB366H1uYwgE46MmjyeiZIogZQtkggpziibUoldUBR/2To8dDxMQDbazH6ndbmMLK79Y/Il\
    p58rW0Stt/KwsvpoBMt3IYcoR44q4f2tXLnYFXUTnrW5jB+o1/NE9lKW4+LB6DJ0ViZO6ukDdz+PKEeOSCjV+tk6djziKnc1uYwrsvDbfNpfzA\
    NTgLDXv9+PwIXs1rPnR1STXM1HMBEkn/T+1jAoNbmMWeplet1noea2LHSLg101fcRnaO5ULd2thHuu0hPfaZP1nOfVn7W5jFO9yWJLYrLpoLdf\
    a5Z5TevIsQcNb2SjwtTkM2rSpUY5ltkLyHK1yYxZjQZF2xjCnEASTpr/hL8tfPXvrUN/4HJPBE4ofa1cuhgVJuOsNbmMU8j1kjT3VjAI+cv9PG\
    mSTt/bwcEXo8aVjxxn9x/1sFp2PKQdT7W5jFPzyW077zN/hwLC8+o5fhzLohiumX/TK1yRh6jlhjxx2zSI9Ca1uYwr60BVY9/uHSu/qbXNVrDB\
    y5rS3CvwGtbCdwTS7Z9pq34gsGD3tbmMH+jcNk8eFCXo9/1vSilZ64ZOgILmaZ1jEqEyvHQ8Tdqm2sD0HzW5jC01hFH6M7J5yu3z9E8kUgxkF3\
    EBh1HjKEeOAuH9usMAxVrgHiZ1uYwHpJzTFAD6bYrN1QgAQmYPf3ccAmuo8ZQjxzP7oTrZ7jY805KkNbmMLTX9+Zt+EXT61bNENC2rKgnWC1Vu\
    JFZKtAZvUcwHoOO5aq3XoHW5jCywTQao0oZgCQPjieQXsxxUwRmGxa9A1sI91ySJ37TJ7w/5Mx11uYwfodTkdcW6STfNXfWMgLBgOPOSiQlFth\
    NDoZmBnRKjHQNtYZZ0tcmMW7l0v7QVQqZNvBEZnsbhsLfrxkDPaLXKEcEVWD7Wrl0MCr9VK7W5jFPBbr01eCBa764f4EpApVzQv/cbBiG3fK18\
    yFHoBnE6dkSeJH11yYxZiV8uNKU+iGTlTBCBUjRFe/RuW4fSAu8caf5RzARI5jMYMG1QdbmMWY0/3S2uICCZgdmI7dSGAOIAIeuwxMrWwzcESR\
    O/aZPeH5wQqLWw==";

static PACKETS: LazyLock<Vec<Arc<[u8]>>> = LazyLock::new(|| {
    let voice = STANDARD.decode(VOICE).unwrap_or_default();
    voice.chunks_exact(VOICE_PACKET_BYTES).map(Arc::from).collect()
});

/// The packet that is sent as number `index` of a voice.
pub(crate) fn voice(index: u64) -> Arc<[u8]> {
    let count = u64::try_from(PACKETS.len()).unwrap_or(1).max(1);
    let index = usize::try_from(index % count).unwrap_or_default();
    PACKETS.get(index).cloned().unwrap_or_else(silence)
}

/// A packet in which nothing is to be heard.
pub(crate) fn silence() -> Arc<[u8]> {
    Arc::from(SILENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_voice_is_half_a_second_long_and_repeats() {
        assert_eq!(PACKETS.len(), 25);
        assert_eq!(voice(0), voice(25));
        assert_ne!(voice(0), voice(1));
        // Configuration 19: CELT of 20 ms, mono, one frame.
        assert!(PACKETS.iter().all(|packet| packet[0] == 19 << 3));
    }
}
