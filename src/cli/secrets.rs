//! Secrets that stand in a command line by mistake, and are not repeated when it is refused: what
//! is printed ends in logs.

/// What stands for a secret.
const HIDDEN: &str = "(a secret, not repeated)";
/// What other secrets than master keys have in them: API keys, endpoints' secrets, access tokens.
const MARKS: [&str; 4] = ["tp_test_", "tp_live_", "whsec_", "eyJ"];
/// How long a master key is in base64, with the sign at its end.
const MASTER_KEY: usize = 44;

/// The text without the secrets in it.
pub(super) fn hidden(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(without_user);
    let lines: String = lines.collect();
    let words = lines.split_inclusive(ends_word).map(|word| {
        let end = word.chars().next_back().filter(|letter| ends_word(*letter));
        let bare = end.map_or(word, |end| word.trim_end_matches(end));
        if is_secret(bare) {
            end.map_or(HIDDEN.to_owned(), |end| format!("{HIDDEN}{end}"))
        } else {
            word.to_owned()
        }
    });
    words.collect()
}

/// The line without user and password of an address: whatever letters they have, they end at the
/// last `@`.
fn without_user(line: &str) -> String {
    let parts = line.split_once("://");
    let parts = parts.and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?)));
    parts.map_or(line.to_owned(), |(scheme, (_, host))| {
        format!("{scheme}://{HIDDEN}@{host}")
    })
}

fn ends_word(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\'' | '"' | '`' | '<' | '>' | ',' | ';' | '(' | ')')
}

fn is_secret(word: &str) -> bool {
    let is_base64 = |letter: char| letter.is_ascii_alphanumeric() || "+/-_=".contains(letter);
    let is_key = word.len() >= MASTER_KEY && word.ends_with('=') && word.chars().all(is_base64);
    is_key || MARKS.iter().any(|mark| word.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_left_and_the_rest_stays() {
        let long = "s".repeat(43);
        for (text, wanted) in [
            (
                "unexpected argument 'KEY' found",
                "unexpected argument 'KEY' found",
            ),
            (
                "invalid value 'tp_live_00S' for '--merchant <M>'\n\nFor more",
                "invalid value '(a secret, not repeated)' for '--merchant <M>'\n\nFor more",
            ),
            ("x 'S=' y", "x '(a secret, not repeated)' y"),
            ("\"--master-key=S=\" y", "\"(a secret, not repeated)\" y"),
            ("whsec_S", "(a secret, not repeated)"),
            ("'eyJ0.S.S'", "'(a secret, not repeated)'"),
            (
                "'postgres://me:S@db/pay' found",
                "'postgres://(a secret, not repeated)@db/pay' found",
            ),
            (
                "'postgres://me:a S'#/@x@db/pay' found\nsee a@b",
                "'postgres://(a secret, not repeated)@db/pay' found\nsee a@b",
            ),
            (
                "see https://pay.example/docs",
                "see https://pay.example/docs",
            ),
        ] {
            assert_eq!(hidden(&text.replace('S', &long)), wanted);
        }
    }
}
