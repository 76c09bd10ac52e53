//! How large a test is whose usual size is a sample, and what it has shown.

/// The size that the environment asks for under this name, else the usual one.
pub(crate) fn size(name: &str, usual: u64) -> u64 {
    let asked = std::env::vars().find(|(known, _)| known == name);
    asked.map_or(usual, |(_, size)| size.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Tells in numbers what was shown, where the test's output is.
#[expect(clippy::print_stdout, reason = "a test that counts says what it has counted")]
pub(crate) fn tell(numbers: &str) {
    println!("{numbers}");
}
