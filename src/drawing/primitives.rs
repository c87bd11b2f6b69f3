//! Plain values that everything is drawn from: points, rectangles, colours, strokes, styles of text.

/// A position, from the upper left corner in logical pixels, or in the coordinates of a chart.
pub type Point = (f64, f64);

/// An upright rectangle in logical pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Lower edge.
    pub bottom: f64,
}

impl Rect {
    /// Width.
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    /// Height.
    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// The corners, clockwise from the upper left.
    pub fn corners(&self) -> [Point; 4] {
        [
            (self.left, self.top),
            (self.right, self.top),
            (self.right, self.bottom),
            (self.left, self.bottom),
        ]
    }
}

/// A colour with its opacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colour {
    /// Red, green, blue.
    pub rgb: (u8, u8, u8),
    /// From 0 (invisible) to 1.
    pub opacity: f64,
}

impl Colour {
    /// An opaque colour.
    pub const fn opaque(red: u8, green: u8, blue: u8) -> Self {
        Self { rgb: (red, green, blue), opacity: 1.0 }
    }

    /// The same colour, translucent.
    pub const fn with_opacity(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }
}

/// How a line is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dash {
    /// Not at all.
    Solid,
    /// Long dashes.
    Dashed,
    /// Dots.
    Dotted,
    /// A dash, a dot.
    DashDotted,
    /// A dash, two dots.
    DashDotDotted,
}

impl Dash {
    /// Lengths of dashes and gaps in logical pixels.
    pub const fn pattern(self) -> &'static [f64] {
        match self {
            Self::Solid => &[],
            Self::Dashed => &[7.0, 3.5],
            Self::Dotted => &[1.8, 2.6],
            Self::DashDotted => &[8.0, 3.0, 1.8, 3.0],
            Self::DashDotDotted => &[8.0, 3.0, 1.8, 2.6, 1.8, 3.0],
        }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Its colour, opaque.
    pub colour: Colour,
    /// Its width in logical pixels.
    pub width: f64,
    /// How it is broken.
    pub dash: Dash,
}

impl Stroke {
    /// The usual width of broken lines.
    pub const BROKEN: f64 = 2.1;

    /// A line of the usual width. Broken ones are wider, so that they show on top of a whole one
    /// of the same colour.
    pub fn new(colour: Colour, dash: Dash) -> Self {
        Self { colour, width: if dash == Dash::Solid { 1.4 } else { Self::BROKEN }, dash }
    }

    /// A whole line of this width.
    pub fn solid(colour: Colour, width: f64) -> Self {
        Self { colour, width, dash: Dash::Solid }
    }
}

/// Which part of a text lies at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// How a text is set. Its position is that of its baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextStyle {
    /// Font size (em) in logical pixels.
    pub size: f64,
    /// Which part of the text lies at its position.
    pub anchor: Anchor,
    /// Whether it runs upwards instead of to the right.
    pub upwards: bool,
    /// Colour of the letters.
    pub colour: Colour,
}
