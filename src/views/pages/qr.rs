//! QR codes of a page's address: SVG for screens and print, PNG for channels that take pictures.

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

/// The QR code of `url` as an SVG image, black on white whatever is around it.
pub fn qr_svg(url: &str) -> Result<String, QrError> {
    let code = encode(url)?;
    let side = code.size() + 2 * QUIET_ZONE;
    let image = Svg {
        url,
        side,
        path: path(&code),
    };
    Ok(image.render()?)
}

/// The QR code of `url` as a PNG image with one bit a pixel.
pub fn qr_png(url: &str) -> Result<Vec<u8>, QrError> {
    let code = encode(url)?;
    let modules = -QUIET_ZONE..code.size() + QUIET_ZONE;
    let side = modules.len() * SCALE;
    let mut pixels = Vec::with_capacity(side * side.div_ceil(8));
    for y in modules.clone() {
        let row = modules.clone().map(|x| code.get_module(x, y));
        let row: Vec<bool> = row.flat_map(|dark| [dark; SCALE]).collect();
        let bytes: Vec<u8> = row.chunks(8).map(pack).collect();
        (0..SCALE).for_each(|_| pixels.extend_from_slice(&bytes));
    }
    write_png(&pixels, side)
}

/// Medium error correction: up to 15 % may be dirty or reflect light.
fn encode(url: &str) -> Result<QrCode, QrError> {
    QrCode::encode_text(url, QrCodeEcc::Medium).map_err(|_| QrError::TooLong)
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
    url: &'a str,
    side: i32,
    path: String,
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
        let (side, dark) = read_png(&qr_png(URL).unwrap());
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
        let svg = qr_svg(&format!("{URL}?a=<&>")).unwrap();
        assert!(svg.contains("role=\"img\"") && svg.contains("<title"));
        assert!(!svg.contains("<&>") && !svg.contains("style="));
        let all = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        let count = all.filter(|(x, y)| code.get_module(*x, *y)).count();
        assert_eq!(qr_svg(URL).unwrap().matches('M').count(), count);
    }

    #[test]
    fn an_address_too_long_is_refused() {
        assert!(matches!(qr_png(&"x".repeat(3000)), Err(QrError::TooLong)));
    }
}
