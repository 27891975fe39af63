//! How to pay by bank transfer: account, amount and reference in words, and the code that a banking app reads.
//!
//! The code is drawn as one path on white, in whatever colours the page is shown, since readers want dark on light.
//! Whoever cannot see it has the same in words beside it.
//!
//! Source: ISO/IEC 18004 by the crate `qrcode`; a margin of four modules (section 6.3.8 there); EPC069-12, which allows
//! up to version 13 at error correction M; the QR-bill guidelines, 6.4: 46 mm with a cross of 7 mm in the middle.

use qrcode::{Color, EcLevel, QrCode, Version};
use receivables::money::Money;
use receivables::payment_code::{Code, Transfer};
use serde::Serialize;

/// Modules of white around a code.
const MARGIN: usize = 4;

/// The highest version of a QR code that an EPC code and a QR-bill may have.
const EPC_VERSION: i16 = 13;
const SWISS_VERSION: i16 = 25;

/// The panel of the pay page.
#[derive(Clone, Debug, Serialize)]
pub struct TransferPanel {
    name: String,
    iban: Option<String>,
    bic: Option<String>,
    upi: Option<String>,
    reference: String,
    amount: Money,
    /// Where a press leads, on a device that has such an app.
    link: Option<String>,
    code: Option<Drawing>,
}

/// A code as a drawing.
#[derive(Clone, Debug, Serialize)]
struct Drawing {
    /// Modules from edge to edge, the margin included.
    size: usize,
    /// Its dark modules, as the path of an SVG.
    path: String,
    /// The Swiss cross in the middle: its background, the dark square and the two bars, as paths.
    cross: Option<[String; 3]>,
}

impl TransferPanel {
    /// The panel for a transfer of an amount.
    pub fn of(transfer: Transfer, amount: Money) -> TransferPanel {
        let code = transfer.code.as_ref().and_then(draw);
        let link = match transfer.code {
            Some(Code::Upi(link)) => Some(link),
            _ => None,
        };
        TransferPanel {
            name: transfer.name,
            iban: transfer.iban,
            bic: transfer.bic,
            upi: transfer.upi,
            reference: transfer.reference,
            amount,
            link,
            code,
        }
    }
}

/// Draws a code; none where it is longer than its kind may be.
fn draw(code: &Code) -> Option<Drawing> {
    let (payload, most) = match code {
        Code::Epc(payload) => (payload, EPC_VERSION),
        Code::Swiss(payload) => (payload, SWISS_VERSION),
        Code::Upi(link) => (link, SWISS_VERSION),
    };
    let drawn = QrCode::with_error_correction_level(payload, EcLevel::M).ok()?;
    match drawn.version() {
        Version::Normal(version) if version <= most => {}
        _ => return None,
    }
    let width = drawn.width();
    let mut path = String::new();
    for (y, row) in drawn.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let (from, long) = (x + MARGIN, run.len());
                path.push_str(&format!("M{from} {}h{long}v1h-{long}z", y + MARGIN));
            }
            x += run.len();
        }
    }
    let cross = matches!(code, Code::Swiss(_)).then(|| cross(width));
    Some(Drawing {
        size: width + 2 * MARGIN,
        path,
        cross,
    })
}

/// The Swiss cross: 7 of the 46 mm of a code; a white edge, the square, and bars of a sixth by two thirds of it. In
/// hundredths of a module, since no float is needed to draw it.
fn cross(width: usize) -> [String; 3] {
    let side = 100 * width * 7 / 46;
    let middle = 100 * (width + 2 * MARGIN) / 2;
    let points = |hundredths: usize| format!("{}.{:02}", hundredths / 100, hundredths % 100);
    let rectangle = |wide: usize, high: usize| {
        let (x, y) = (points(middle - wide / 2), points(middle - high / 2));
        let (wide, high) = (points(wide), points(high));
        format!("M{x} {y}h{wide}v{high}h-{wide}z")
    };
    let square = side * 6 / 7;
    let (long, short) = (square * 20 / 32, square * 6 / 32);
    let bars = format!("{}{}", rectangle(long, short), rectangle(short, long));
    [rectangle(side, side), rectangle(square, square), bars]
}
