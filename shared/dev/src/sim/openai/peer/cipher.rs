//! The ciphers of SRTP over RustCrypto, in the form in which the WebRTC library asks for them.
//!
//! It holds no keys beyond those that a cipher is made with, and knows nothing of packets.

use aes::cipher::{BlockCipherEncrypt, KeyInit, KeyIvInit, StreamCipher};
use aes::{Aes128, Aes256, Block};
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm, Nonce};
use str0m::crypto::{
    AeadAes128GcmCipher, AeadAes256GcmCipher, Aes128CmSha1_80Cipher, CryptoError, SrtpProvider, SupportedAeadAes128Gcm,
    SupportedAeadAes256Gcm, SupportedAes128CmSha1_80,
};

/// What a block of nothing but padding consists of (PKCS #7): the key derivation wants one behind its only block.
const PADDING: [u8; 16] = [16; 16];

/// All SRTP profiles that browsers offer.
#[derive(Debug)]
pub(super) struct Ciphers;

impl SrtpProvider for Ciphers {
    fn aes_128_cm_sha1_80(&self) -> &'static dyn SupportedAes128CmSha1_80 {
        &Ciphers
    }

    fn aead_aes_128_gcm(&self) -> &'static dyn SupportedAeadAes128Gcm {
        &Ciphers
    }

    fn aead_aes_256_gcm(&self) -> &'static dyn SupportedAeadAes256Gcm {
        &Ciphers
    }

    fn srtp_aes_128_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        if let Ok(cipher) = Aes128::new_from_slice(key) {
            derive(&cipher, input, output);
        }
    }

    fn srtp_aes_256_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        if let Ok(cipher) = Aes256::new_from_slice(key) {
            derive(&cipher, input, output);
        }
    }
}

/// Encrypts one block of input and one of padding. Lengths are the library's own constants; what does not fit stays as it is,
/// and keys that are no keys open nothing.
fn derive<C>(cipher: &C, input: &[u8], output: &mut [u8])
where
    C: BlockCipherEncrypt<BlockSize = aes::cipher::consts::U16>,
{
    let Ok(input) = <[u8; 16]>::try_from(input) else { return };
    for (block, into) in [input, PADDING].into_iter().zip(output.chunks_exact_mut(16)) {
        let mut block = Block::from(block);
        cipher.encrypt_block(&mut block);
        into.copy_from_slice(&block);
    }
}

impl SupportedAes128CmSha1_80 for Ciphers {
    fn create_cipher(&self, key: [u8; 16], _: bool) -> Box<dyn Aes128CmSha1_80Cipher> {
        Box::new(Counting { key })
    }
}

impl SupportedAeadAes128Gcm for Ciphers {
    fn create_cipher(&self, key: [u8; 16], _: bool) -> Box<dyn AeadAes128GcmCipher> {
        Box::new(Sealing(Aes128Gcm::new(&key.into())))
    }
}

impl SupportedAeadAes256Gcm for Ciphers {
    fn create_cipher(&self, key: [u8; 32], _: bool) -> Box<dyn AeadAes256GcmCipher> {
        Box::new(Sealing(Aes256Gcm::new(&key.into())))
    }
}

/// AES in counter mode.
struct Counting {
    key: [u8; 16],
}

impl std::fmt::Debug for Counting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Counting(redacted)")
    }
}

impl Aes128CmSha1_80Cipher for Counting {
    fn encrypt(&mut self, iv: &[u8; 16], input: &[u8], output: &mut [u8]) -> Result<(), CryptoError> {
        let output = output.get_mut(..input.len()).ok_or_else(too_short)?;
        output.copy_from_slice(input);
        let mut cipher = ctr::Ctr128BE::<Aes128>::new(&self.key.into(), iv.into());
        cipher.apply_keystream(output);
        Ok(())
    }

    fn decrypt(&mut self, iv: &[u8; 16], input: &[u8], output: &mut [u8]) -> Result<(), CryptoError> {
        // The same key stream, once more.
        self.encrypt(iv, input, output)
    }
}

/// AES in Galois/counter mode, of either length.
struct Sealing<C>(C);

impl<C> std::fmt::Debug for Sealing<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealing(redacted)")
    }
}

impl<C: Aead<NonceSize = U12>> Sealing<C> {
    fn seal(&self, iv: [u8; 12], aad: &[u8], input: &[u8], output: &mut [u8]) -> Result<(), CryptoError> {
        let sealed = self.0.encrypt(&Nonce::from(iv), Payload { msg: input, aad });
        put(sealed, output).map(|_| ())
    }

    fn open(&self, iv: [u8; 12], aads: &[&[u8]], input: &[u8], output: &mut [u8]) -> Result<usize, CryptoError> {
        let aad = aads.concat();
        put(self.0.decrypt(&Nonce::from(iv), Payload { msg: input, aad: &aad }), output)
    }
}

fn put(made: Result<Vec<u8>, aes_gcm::aead::Error>, output: &mut [u8]) -> Result<usize, CryptoError> {
    let made = made.map_err(|_| CryptoError::Other("a packet is not what was sealed".to_owned()))?;
    output.get_mut(..made.len()).ok_or_else(too_short)?.copy_from_slice(&made);
    Ok(made.len())
}

fn too_short() -> CryptoError {
    CryptoError::Other("the buffer is shorter than the packet".to_owned())
}

impl AeadAes128GcmCipher for Sealing<Aes128Gcm> {
    fn encrypt(&mut self, iv: &[u8; 12], aad: &[u8], input: &[u8], output: &mut [u8]) -> Result<(), CryptoError> {
        self.seal(*iv, aad, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        aads: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        self.open(*iv, aads, input, output)
    }
}

impl AeadAes256GcmCipher for Sealing<Aes256Gcm> {
    fn encrypt(&mut self, iv: &[u8; 12], aad: &[u8], input: &[u8], output: &mut [u8]) -> Result<(), CryptoError> {
        self.seal(*iv, aad, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        aads: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        self.open(*iv, aads, input, output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    fn key<const N: usize>(hex: &str) -> [u8; N] {
        bytes(hex).try_into().unwrap()
    }

    #[test]
    fn the_key_stream_is_that_of_rfc_3711() {
        let key = key("2B7E151628AED2A6ABF7158809CF4F3C");
        let iv = self::key("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000");
        let mut stream = [0; 32];
        Counting { key }.encrypt(&iv, &[0; 32], &mut stream).unwrap();
        assert_eq!(stream.to_vec(), bytes("E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB"));
    }

    #[test]
    fn a_block_is_encrypted_as_fips_197_says_and_one_of_padding_after_it() {
        let input = bytes("00112233445566778899aabbccddeeff");
        let (mut short, mut long) = ([0; 32], [0; 32]);
        Ciphers.srtp_aes_128_ecb_round(&bytes("000102030405060708090a0b0c0d0e0f"), &input, &mut short);
        let long_key = bytes("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
        Ciphers.srtp_aes_256_ecb_round(&long_key, &input, &mut long);
        assert_eq!(short[..16].to_vec(), bytes("69c4e0d86a7b0430d8cdb78070b4c55a"));
        assert_eq!(long[..16].to_vec(), bytes("8ea2b7ca516745bfeafc49904b496089"));
        assert!(short[16..] != [0; 16] && long[16..] != [0; 16]);
    }

    #[test]
    fn what_was_sealed_is_opened_with_the_same_data_beside_it_only() {
        let mut cipher = Sealing(Aes128Gcm::new(&[7; 16].into()));
        let mut sealed = [0; 21];
        AeadAes128GcmCipher::encrypt(&mut cipher, &[1; 12], b"header and more", b"sound", &mut sealed).unwrap();
        let mut opened = [0; 21];
        let open = |aads: &[&[u8]], opened: &mut [u8]| cipher.open([1; 12], aads, &sealed, opened);
        assert_eq!(open(&[b"header and", b" more"], &mut opened).unwrap(), 5);
        assert_eq!(&opened[..5], b"sound");
        assert!(open(&[b"header"], &mut opened).is_err());
        assert!(open(&[b"header and more"], &mut [0; 4]).is_err(), "no room");
    }
}
