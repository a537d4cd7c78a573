//! Password hashes: PBKDF2 with HMAC-SHA-256 (RFC 8018 §5.2), one block of output.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Rounds for new hashes. Seeded people share one password that is printed at start, so this only
/// has to cost what a login plausibly costs, about a millisecond; it protects nobody.
pub(crate) const ITERATIONS: u32 = 1_000;

/// The hash of a password, in hex.
pub(crate) fn hash(password: &str, salt: &str, iterations: u32) -> String {
    hex(&derive(password, salt, iterations))
}

/// Whether the password has this hash; takes as long whether it has or not.
pub(crate) fn matches(password: &str, salt: &str, iterations: u32, expected: &str) -> bool {
    let got = hash(password, salt, iterations);
    let differing = got.bytes().zip(expected.bytes()).fold(0, |seen, (a, b)| seen | (a ^ b));
    got.len() == expected.len() && differing == 0
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn derive(password: &str, salt: &str, iterations: u32) -> [u8; 32] {
    let keyed = Hmac::<Sha256>::new_from_slice(password.as_bytes()).expect("HMAC takes keys of any length");
    let round = |input: &[u8]| -> [u8; 32] {
        let mut mac = keyed.clone();
        mac.update(input);
        mac.finalize().into_bytes().into()
    };
    let mut block = round(&[salt.as_bytes(), &1_u32.to_be_bytes()].concat());
    let mut derived = block;
    for _ in 1..iterations {
        block = round(&block);
        derived.iter_mut().zip(block).for_each(|(sum, byte)| *sum ^= byte);
    }
    derived
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_published_vectors() {
        // The PBKDF2-HMAC-SHA-256 vectors in circulation for RFC 6070's inputs.
        let vectors = [
            (1, "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b"),
            (4096, "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"),
        ];
        for (iterations, expected) in vectors {
            assert_eq!(hash("password", "salt", iterations), expected);
        }
    }

    #[test]
    fn only_the_right_password_matches() {
        let stored = hash("school", "salt", 2);
        assert!(matches("school", "salt", 2, &stored));
        assert!(!matches("School", "salt", 2, &stored));
        assert!(!matches("school", "pepper", 2, &stored));
        assert!(!matches("school", "salt", 2, ""));
    }
}
