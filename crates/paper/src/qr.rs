//! Codes for a camera, drawn as squares.
//!
//! Source: ISO/IEC 18004 by the crate `qrcode`, error correction M, a margin of four modules (section 6.3.8 there); EPC069-12, which
//! allows up to version 13; the QR-bill guidelines, 6.4: 46 mm, with a cross of 7 mm in the middle.

use qrcode::{Color, EcLevel, QrCode, Version};
use receivables::payment_code::Code;

use crate::PaperError;
use crate::length::Length;

/// Modules of white around a code.
const MARGIN: i32 = 4;

/// How wide a module is: what a telephone reads off paper with ease.
const MODULE: Length = Length::mm100(60);

/// The widest that a code is, its margin not counted.
const WIDEST: Length = Length::mm100(4_600);

/// What a code holds, and what is written beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qr {
    /// What a camera reads.
    pub payload: String,
    /// What it is for, in words.
    pub caption: String,
    /// Whether a Swiss cross stands in its middle.
    pub swiss: bool,
}

/// The highest versions that a code may have: of EPC069-12, and of the QR-bill.
const EPC_VERSION: i16 = 13;
const VERSION: i16 = 25;

impl Qr {
    /// A code for an address or a banking app.
    pub fn of(payload: impl Into<String>, caption: impl Into<String>) -> Qr {
        Qr {
            payload: payload.into(),
            caption: caption.into(),
            swiss: false,
        }
    }

    /// The code of a transfer.
    pub fn of_transfer(code: &Code, caption: impl Into<String>) -> Qr {
        let (payload, swiss) = match code {
            Code::Epc(payload) | Code::Upi(payload) => (payload, false),
            Code::Swiss(payload) => (payload, true),
        };
        Qr {
            payload: payload.clone(),
            caption: caption.into(),
            swiss,
        }
    }
}

/// A rectangle of one colour: left, top, right, bottom, from the code's upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Square {
    pub(crate) edges: [Length; 4],
    pub(crate) dark: bool,
}

/// A code, drawn.
pub(crate) struct Drawn {
    pub(crate) squares: Vec<Square>,
    /// From edge to edge, the margin included.
    pub(crate) side: Length,
}

/// Draws a code, in runs of dark modules.
pub(crate) fn draw(qr: &Qr) -> Result<Drawn, PaperError> {
    let too_long = || PaperError::Code(qr.payload.len());
    let drawn = QrCode::with_error_correction_level(&qr.payload, EcLevel::M).map_err(|_| too_long())?;
    let most = if qr.payload.starts_with("BCD\n") {
        EPC_VERSION
    } else {
        VERSION
    };
    match drawn.version() {
        Version::Normal(version) if version <= most => {}
        _ => return Err(too_long()),
    }
    let modules = i32::try_from(drawn.width()).map_err(|_| too_long())?;
    let module = match qr.swiss {
        true => WIDEST.share(1, modules),
        false => MODULE.min(WIDEST.share(1, modules)),
    };
    let mut squares = Vec::new();
    for (y, row) in (MARGIN..).zip(drawn.to_colors().chunks(drawn.width())) {
        let mut x = MARGIN;
        for run in row.chunk_by(|a, b| a == b) {
            let long = i32::try_from(run.len()).unwrap_or(0);
            let end = x.saturating_add(long);
            if run.first() == Some(&Color::Dark) {
                squares.push(Square {
                    edges: [
                        module.times(x),
                        module.times(y),
                        module.times(end),
                        module.times(y.saturating_add(1)),
                    ],
                    dark: true,
                });
            }
            x = end;
        }
    }
    let side = module.times(modules.saturating_add(MARGIN.saturating_mul(2)));
    if qr.swiss {
        squares.extend(cross(side.share(1, 2), module.times(modules)));
    }
    Ok(Drawn { squares, side })
}

/// The Swiss cross: 7 of the 46 mm of a code; a white edge, the square, and bars of a sixth by two thirds of it.
fn cross(middle: Length, side: Length) -> [Square; 4] {
    let edge = side.share(7, 46);
    let square = edge.share(6, 7);
    let (long, short) = (square.share(20, 32), square.share(6, 32));
    let about = |wide: Length, high: Length, dark: bool| Square {
        edges: [
            middle - wide.share(1, 2),
            middle - high.share(1, 2),
            middle + wide.share(1, 2),
            middle + high.share(1, 2),
        ],
        dark,
    };
    [
        about(edge, edge, false),
        about(square, square, true),
        about(long, short, false),
        about(short, long, false),
    ]
}
