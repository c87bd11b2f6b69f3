//! A picture of pixels: filled polygons, thick lines, PNG.
//!
//! plotters' own rasterizer makes one polygon of a thick line, whose overlaps with itself come out
//! as holes wherever a noisy curve turns sharply; here each piece is filled for itself and the
//! joints are round. Edges are smoothed by drawing enlarged and averaging.

use std::ops::Range;

use super::path::disc;
use super::primitives::{Colour, Point};
use crate::{Error, Result};

/// An RGB picture, white at first.
pub struct Raster {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Raster {
    /// A white picture of this many pixels.
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![255; 3 * width * height] }
    }

    /// Lays a colour over one pixel; pixels outside the picture are ignored.
    pub fn blend(&mut self, x: i64, y: i64, colour: Colour) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x < self.width && y < self.height {
            self.blend_span(x..x + 1, y, colour);
        }
    }

    /// Lays a colour over pixels side by side.
    fn blend_span(&mut self, columns: Range<usize>, row: usize, colour: Colour) {
        let first = row * self.width;
        let pixels = &mut self.pixels[3 * (first + columns.start)..3 * (first + columns.end)];
        let (red, green, blue) = colour.rgb;
        let inks = [red, green, blue];
        for pixel in pixels.as_chunks_mut().0 {
            if colour.opacity >= 1.0 {
                *pixel = inks;
                continue;
            }
            for (pixel, ink) in pixel.iter_mut().zip(inks) {
                let (below, ink) = (f64::from(*pixel), f64::from(ink));
                *pixel = (below + colour.opacity * (ink - below) + 0.5) as u8;
            }
        }
    }

    /// Fills a polygon by the even–odd rule: the pixels whose centres lie inside.
    pub fn fill(&mut self, vertices: &[Point], colour: Colour) {
        let (top, bottom) =
            vertices.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
                (low.min(v.1), high.max(v.1))
            });
        if !(top.is_finite() && bottom.is_finite()) {
            return;
        }
        let rows = (top.floor().max(0.0) as usize)
            ..self.height.min(bottom.ceil().min(self.height as f64) as usize + 1);
        // Only the edges that reach a row are looked at in it.
        let mut edges: Vec<(Point, Point)> = vertices
            .iter()
            .zip(vertices.iter().cycle().skip(1))
            .map(|(&a, &b)| if a.1 <= b.1 { (a, b) } else { (b, a) })
            .filter(|(a, b)| a.1 < b.1)
            .collect();
        edges.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
        let mut waiting = edges.into_iter().peekable();
        let mut active: Vec<(Point, Point)> = Vec::new();
        let mut crossings = Vec::new();
        for row in rows {
            let centre = row as f64 + 0.5;
            while let Some(edge) = waiting.next_if(|(a, _)| a.1 <= centre) {
                active.push(edge);
            }
            active.retain(|(_, b)| b.1 > centre);
            crossings.clear();
            crossings.extend(
                active.iter().map(|(a, b)| a.0 + (b.0 - a.0) * (centre - a.1) / (b.1 - a.1)),
            );
            crossings.sort_by(f64::total_cmp);
            for span in crossings.chunks_exact(2) {
                let first = (span[0] - 0.5).ceil().max(0.0) as usize;
                let end = ((span[1] - 0.5).ceil().max(0.0) as usize).min(self.width);
                if first < end {
                    self.blend_span(first..end, row, colour);
                }
            }
        }
    }

    /// Draws an opaque line with round joints and flat ends.
    pub fn line(&mut self, points: &[Point], width: f64, colour: Colour) {
        let radius = width / 2.0;
        for piece in points.windows(2) {
            let (dx, dy) = (piece[1].0 - piece[0].0, piece[1].1 - piece[0].1);
            let length = dx.hypot(dy);
            if length > 0.0 {
                let (nx, ny) = (-dy / length * radius, dx / length * radius);
                let [(x0, y0), (x1, y1)] = [piece[0], piece[1]];
                self.fill(
                    &[
                        (x0 + nx, y0 + ny),
                        (x1 + nx, y1 + ny),
                        (x1 - nx, y1 - ny),
                        (x0 - nx, y0 - ny),
                    ],
                    colour,
                );
            }
        }
        if points.len() > 2 {
            for joint in &points[1..points.len() - 1] {
                self.fill(&disc(*joint, radius), colour);
            }
        }
    }

    /// The picture as PNG, every square of `shrink`² pixels averaged into one, with its resolution
    /// in pixels per inch.
    ///
    /// # Errors
    /// [`Error::Drawing`] when the encoder refuses, as it does for an empty picture.
    pub fn png(&self, shrink: usize, per_inch: usize) -> Result<Vec<u8>> {
        let (width, height) = (self.width / shrink, self.height / shrink);
        let mut averaged = Vec::with_capacity(3 * width * height);
        let mut sums = vec![0; 3 * width];
        let area = shrink * shrink;
        for rows in self.pixels.chunks_exact(3 * self.width * shrink) {
            sums.fill(area / 2);
            for row in rows.chunks_exact(3 * self.width) {
                for (sums, pixels) in sums.chunks_exact_mut(3).zip(row.chunks_exact(3 * shrink)) {
                    for pixel in pixels.chunks_exact(3) {
                        sums.iter_mut().zip(pixel).for_each(|(sum, &x)| *sum += usize::from(x));
                    }
                }
            }
            averaged.extend(sums.iter().map(|sum| (sum / area) as u8));
        }
        let failed = |failure: png::EncodingError| Error::Drawing(failure.to_string());
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::Default);
        encoder.set_filter(png::FilterType::Paeth);
        let per_metre = (per_inch as f64 / 0.0254).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: per_metre,
            yppu: per_metre,
            unit: png::Unit::Meter,
        }));
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(&averaged).map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INK: Colour = Colour::opaque(0, 0, 0);

    fn inked(raster: &Raster) -> usize {
        raster.pixels.chunks_exact(3).filter(|pixel| pixel[0] == 0).count()
    }

    #[test]
    fn fills_the_pixels_whose_centres_lie_inside() {
        let mut raster = Raster::new(20, 20);
        raster.fill(&[(2.0, 3.0), (12.0, 3.0), (12.0, 8.0), (2.0, 8.0)], INK);
        assert_eq!(inked(&raster), 50);
    }

    #[test]
    fn a_polygon_may_have_a_hole() {
        let square =
            |low: f64, high: f64| [(low, low), (high, low), (high, high), (low, high), (low, low)];
        let mut raster = Raster::new(20, 20);
        let mut vertices = square(0.0, 10.0).to_vec();
        vertices.extend(square(3.0, 7.0));
        vertices.push((0.0, 0.0));
        raster.fill(&vertices, INK);
        assert_eq!(inked(&raster), 100 - 16);
    }

    #[test]
    fn a_translucent_fill_is_even_where_pieces_meet() {
        let mut raster = Raster::new(20, 20);
        let colour = INK.with_opacity(0.5);
        raster.fill(&[(0.0, 0.0), (10.3, 0.0), (10.3, 20.0), (0.0, 20.0)], colour);
        raster.fill(&[(10.3, 0.0), (20.0, 0.0), (20.0, 20.0), (10.3, 20.0)], colour);
        assert!(raster.pixels.iter().all(|&pixel| pixel == 128));
    }

    #[test]
    fn a_line_turning_back_leaves_no_hole_and_stays_inside_the_picture() {
        let mut raster = Raster::new(30, 30);
        raster.line(&[(-5.0, 15.0), (20.0, 15.0), (-5.0, 16.0), (50.0, 15.0)], 6.0, INK);
        for y in 13..17 {
            for x in 0..30 {
                assert_eq!(raster.pixels[3 * (y * 30 + x)], 0, "pixel {x},{y}");
            }
        }
    }

    #[test]
    fn png_states_size_and_resolution() {
        let bytes = Raster::new(60, 30).png(3, 192).unwrap();
        let reader = png::Decoder::new(bytes.as_slice()).read_info().unwrap();
        assert_eq!(reader.info().size(), (20, 10));
        assert_eq!(reader.info().pixel_dims.map(|dims| dims.xppu), Some(7559));
    }
}
