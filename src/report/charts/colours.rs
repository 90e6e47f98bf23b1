//! Colours that people who see red and green alike can tell apart (after Okabe
//! and Ito). The style sheet has a lighter twin of each for dark schemes.

use plotters::style::RGBColor;

pub(super) const INK: RGBColor = RGBColor(0x1F, 0x29, 0x33);
pub(super) const FAINT: RGBColor = RGBColor(0x5B, 0x65, 0x75);
pub(super) const GRID: RGBColor = RGBColor(0xE1, 0xE5, 0xEA);
pub(super) const QUIET: RGBColor = RGBColor(0x7A, 0x82, 0x8E);
pub(super) const FAULT: RGBColor = RGBColor(0xE6, 0x9F, 0x00);
pub(super) const INCIDENT: RGBColor = RGBColor(0xC2, 0x3B, 0x22);

pub(super) const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xB2);
pub(super) const SKY: RGBColor = RGBColor(0x56, 0xB4, 0xE9);
pub(super) const VERMILION: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
pub(super) const PURPLE: RGBColor = RGBColor(0xA8, 0x4A, 0x86);
pub(super) const GREEN: RGBColor = RGBColor(0x00, 0x9E, 0x73);

/// Lines that stand for one thing each, in the order of [`line_classes`].
pub(super) const LINES: [RGBColor; 6] = [BLUE, VERMILION, GREEN, PURPLE, SKY, QUIET];

/// Classes of the style sheet with the colours of [`LINES`], for legends.
pub(super) const LINE_CLASSES: [&str; 6] = ["blue", "vermilion", "green", "purple", "sky", "quiet"];
