//! QR codes, of a page's address or of a bank transfer: SVG for screens and print, PNG for channels
//! that take pictures.

use crate::domain::rails::bank_transfer::Scheme;
use askama::Template;
use qrcodegen::{QrCode, QrCodeEcc};

/// White modules around the code (ISO/IEC 18004 asks for four).
const QUIET_ZONE: i32 = 4;
/// Pixels of a module in the PNG.
const SCALE: usize = 10;

/// Why an address has no QR code.
#[derive(Debug, thiserror::Error)]
pub enum QrError {
    /// The address is longer than a QR code holds (2,331 bytes).
    #[error("the address is too long for a QR code")]
    TooLong,
    /// The picture could not be written.
    #[error("cannot write the QR code as PNG: {0}")]
    Png(#[from] png::EncodingError),
    /// The picture could not be written.
    #[error("cannot write the QR code as SVG: {0}")]
    Svg(#[from] askama::Error),
}

/// What stands in the middle of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    None,
    /// The cross of the Swiss QR-bill.
    SwissCross,
}

impl From<Scheme> for Mark {
    fn from(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Swiss => Self::SwissCross,
            Scheme::Epc | Scheme::Pix => Self::None,
        }
    }
}

/// The cross of the Swiss QR-bill (SIX Implementation Guidelines QR-bill 2.3, 6.4.2): on a code of 46
/// mm a square of 7 mm with a white edge, and in it a cross with arms of 1.17 mm by 3.89 mm. In
/// thousandths of the code's side.
struct Cross;

impl Cross {
    const EDGE: i32 = 152;
    const SQUARE: i32 = 130;
    const LONG: i32 = 84;
    const SHORT: i32 = 26;

    /// Whether a point, so far from the middle, is of the cross, and if so whether it is dark.
    fn dark_at(x: i32, y: i32) -> Option<bool> {
        let within = |half: i32, at: i32| 2 * at.abs() <= half;
        let arm = |long, short| within(Self::LONG, long) && within(Self::SHORT, short);
        if !(within(Self::EDGE, x) && within(Self::EDGE, y)) {
            return None;
        }
        let is_square = within(Self::SQUARE, x) && within(Self::SQUARE, y);
        Some(is_square && !arm(x, y) && !arm(y, x))
    }
}

/// The QR code of `text` as an SVG image, black on white whatever is around it.
pub fn qr_svg(text: &str, mark: Mark) -> Result<String, QrError> {
    let code = encode(text)?;
    let side = code.size() + 2 * QUIET_ZONE;
    let image = Svg {
        text,
        side,
        path: path(&code),
        cross: (mark == Mark::SwissCross).then(|| code.size()),
    };
    Ok(image.render()?)
}

/// The QR code of `text` as a PNG image with one bit a pixel.
pub fn qr_png(text: &str, mark: Mark) -> Result<Vec<u8>, QrError> {
    let code = encode(text)?;
    let modules = -QUIET_ZONE..code.size() + QUIET_ZONE;
    let side = modules.len() * SCALE;
    let mut pixels = Vec::with_capacity(side * side.div_ceil(8));
    for y in 0..side {
        let row: Vec<bool> = (0..side).map(|x| is_dark(&code, mark, (x, y))).collect();
        pixels.extend(row.chunks(8).map(pack));
    }
    write_png(&pixels, side)
}

/// Whether a pixel of the PNG is dark.
fn is_dark(code: &QrCode, mark: Mark, (x, y): (usize, usize)) -> bool {
    let place = |at: usize| i32::try_from(at).unwrap_or_default();
    let scale = place(SCALE);
    let drawn = code.size() * scale;
    let from_middle = |at: usize| {
        let doubled = 2 * (place(at) - QUIET_ZONE * scale) - drawn;
        doubled * 500 / drawn
    };
    let marked = match mark {
        Mark::None => None,
        Mark::SwissCross => Cross::dark_at(from_middle(x), from_middle(y)),
    };
    marked.unwrap_or_else(|| {
        let module = |at: usize| place(at / SCALE) - QUIET_ZONE;
        code.get_module(module(x), module(y))
    })
}

/// Medium error correction: up to 15 % may be dirty or reflect light.
fn encode(text: &str) -> Result<QrCode, QrError> {
    QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|_| QrError::TooLong)
}

/// The dark modules as one path, each a unit square.
fn path(code: &QrCode) -> String {
    let all = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
    let dark = all.filter(|(x, y)| code.get_module(*x, *y));
    dark.fold(String::new(), |path, (x, y)| {
        path + &format!("M{},{}h1v1h-1z", x + QUIET_ZONE, y + QUIET_ZONE)
    })
}

/// Eight pixels in a byte, the leftmost in the highest bit; one is white.
fn pack(pixels: &[bool]) -> u8 {
    let bits = pixels.iter().zip((0..8).rev());
    bits.filter(|(dark, _)| !**dark)
        .fold(0, |byte, (_, bit)| byte | 1 << bit)
}

fn write_png(pixels: &[u8], side: usize) -> Result<Vec<u8>, QrError> {
    let side = u32::try_from(side).map_err(|_| QrError::TooLong)?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(file)
}

#[derive(Template)]
#[template(path = "qr.svg", escape = "html")]
struct Svg<'a> {
    text: &'a str,
    side: i32,
    path: String,
    /// The code's side in modules, where the cross stands in its middle.
    cross: Option<i32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://pay.example/p/00abcdefghijklmnopqrstuv";

    /// Which pixels of the PNG are dark, read back with the quiet zone.
    fn read_png(file: &[u8]) -> (usize, Vec<bool>) {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(frame.width, frame.height);
        (
            usize::try_from(frame.width).unwrap(),
            pixels.iter().map(|p| *p == 0).collect(),
        )
    }

    #[test]
    fn the_png_holds_the_code_and_its_quiet_zone() {
        let code = encode(URL).unwrap();
        let (side, dark) = read_png(&qr_png(URL, Mark::None).unwrap());
        assert_eq!(side, (usize::try_from(code.size()).unwrap() + 8) * SCALE);
        for (index, is_dark) in dark.into_iter().enumerate() {
            let module = |at: usize| i32::try_from(at / SCALE).unwrap() - QUIET_ZONE;
            assert_eq!(
                is_dark,
                code.get_module(module(index % side), module(index / side))
            );
        }
    }

    #[test]
    fn the_svg_has_a_name_and_every_dark_module() {
        let code = encode(URL).unwrap();
        let svg = qr_svg(&format!("{URL}?a=<&>"), Mark::None).unwrap();
        assert!(svg.contains("role=\"img\"") && svg.contains("<title"));
        assert!(!svg.contains("<&>") && !svg.contains("style="));
        let all = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        let count = all.filter(|(x, y)| code.get_module(*x, *y)).count();
        assert_eq!(qr_svg(URL, Mark::None).unwrap().matches('M').count(), count);
    }

    #[test]
    fn an_address_too_long_is_refused() {
        assert!(matches!(
            qr_png(&"x".repeat(3000), Mark::None),
            Err(QrError::TooLong)
        ));
    }
}
