//! URLs that are written differently and name the same place.

use url::Url;

/// The form in which two URLs are equal that name the same place by the rules of syntax and of
/// schemes (RFC 3986, 6.2.2 and 6.2.3).
pub fn normal_form(url: &str) -> String {
    // The parser lowers scheme and host, resolves dots, and drops a port that is the scheme's own.
    Url::parse(url).map_or_else(|_| url.to_owned(), |url| escapes(url.as_str()))
}

/// Characters that need no escape stand for themselves; the escapes that are left have big letters.
fn escapes(url: &str) -> String {
    let mut parts = url.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |normal, part| {
        let digits = part.split_at_checked(2);
        let escape = digits.and_then(|(digits, rest)| {
            let code = u8::from_str_radix(digits, 16).ok()?;
            Some((char::from(code), digits, rest))
        });
        match escape {
            Some((c, _, rest)) if c.is_ascii_alphanumeric() || "-._~".contains(c) => {
                format!("{normal}{c}{rest}")
            }
            Some((_, digits, rest)) => {
                format!("{normal}%{}{rest}", digits.to_ascii_uppercase())
            }
            None => format!("{normal}%{part}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_has_one_form() {
        let same = [
            ("https://example.com", "HTTPS://EXAMPLE.com:443/"),
            ("http://a.example:80/x", "http://a.example/x"),
            (
                "https://a.example/%7euser/%c3%a9",
                "https://a.example/~user/%C3%A9",
            ),
            ("https://a.example/x/../y/./z", "https://a.example/y/z"),
            ("https://a.example/%61?b=%2d", "https://a.example/a?b=-"),
            ("https://xn--caf-dma.example/", "https://café.example/"),
        ];
        for (a, b) in same {
            assert_eq!(normal_form(a), normal_form(b));
        }
        let other = [
            ("https://a.example/x", "https://a.example/x/"),
            ("https://a.example/x", "https://a.example/X"),
            ("https://a.example/a%2Fb", "https://a.example/a/b"),
            ("https://a.example/", "https://a.example/?"),
            ("https://a.example/", "https://a.example:8443/"),
            ("https://a.example/%zz", "https://a.example/zz"),
        ];
        for (a, b) in other {
            assert_ne!(normal_form(a), normal_form(b));
        }
    }
}
