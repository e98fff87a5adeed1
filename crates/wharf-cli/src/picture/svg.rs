//! The picture as SVG: readable in light and in dark, and by a screen reader.

use maud::{Markup, PreEscaped, html};

use super::build::{Node, Picture};
use super::layout::{BOX, EDGE, Layout, NAME, Place, label, layout};

const CSS: &str = include_str!("picture.css");
/// Width of the coloured stripe of a box.
const STRIPE: f64 = 5.0;

/// Writes a file of its own.
pub(crate) fn document(picture: &Picture) -> String {
    let inner = draw(picture, true);
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", inner.into_string())
}

/// Draws the picture to stand inside a page that has [`css`].
pub(crate) fn inline(picture: &Picture) -> Markup {
    draw(picture, false)
}

/// Returns the style of the picture.
pub(crate) const fn css() -> &'static str {
    CSS
}

/// Returns how wide the picture is, in pixels.
pub(crate) fn width(picture: &Picture) -> f64 {
    layout(picture).width
}

/// Describes the picture in a sentence, for whoever cannot see it.
fn describe(picture: &Picture) -> String {
    let changed = picture.nodes.iter().filter(|node| node.action.is_some()).count();
    let count = picture.nodes.len();
    let what = if picture.planned {
        format!("{count} resources, {changed} of which change")
    } else {
        format!("{count} resources")
    };
    format!("{what}. Arrows lead from what must exist first to what needs it.")
}

fn draw(picture: &Picture, whole: bool) -> Markup {
    let placed = layout(picture);
    let size = format!("0 0 {:.0} {:.0}", placed.width, placed.height);
    let (width, height) = (format!("{:.0}", placed.width), format!("{:.0}", placed.height));
    html! {
        svg xmlns="http://www.w3.org/2000/svg" class="picture" viewBox=(size) width=(width)
            height=(height) role="group" aria-labelledby="picture-title picture-words" {
            title id="picture-title" { "Resources of " (picture.stack) }
            desc id="picture-words" { (describe(picture)) }
            @if whole { style { (PreEscaped(CSS)) } }
            defs {
                marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"
                    orient="auto" { path class="head" d="M0 0.5 L8 4 L0 7.5 z" {} }
            }
            rect class="paper" x="0" y="0" width=(width) height=(height) {}
            (bands(&placed))
            g aria-hidden="true" {
                @for points in &placed.arrows {
                    path class="arrow" d=(way(points)) marker-end="url(#head)" {}
                }
            }
            @for (node, place) in picture.nodes.iter().zip(&placed.boxes) {
                (boxed(picture, node, *place))
            }
        }
    }
}

fn bands(placed: &Layout) -> Markup {
    let width = format!("{:.1}", placed.width - 2.0 * EDGE);
    html! {
        @for band in &placed.bands {
            rect class="band" x=(EDGE) y=(format!("{:.1}", band.y)) width=(width)
                height=(format!("{:.1}", band.height)) rx="8" {}
            text class="band-name" x=(2.0 * EDGE) y=(format!("{:.1}", band.y + NAME * 0.68)) {
                (band.name)
            }
        }
    }
}

fn boxed(picture: &Picture, node: &Node, place: Place) -> Markup {
    let word = node.word(picture.planned);
    let title = match word {
        "" => format!("{} {}", node.title, node.address.name()),
        word => format!("{} {}: {word}", node.title, node.address.name()),
    };
    let at = format!("translate({:.1} {:.1})", place.x, place.y);
    let width = format!("{:.1}", place.width);
    html! {
        g class={ "node " (node.class()) } transform=(at) role="img" aria-label=(title) {
            title { (title) }
            rect class="box" width=(width) height=(BOX) rx="5" {}
            rect class="stripe" x="1" y="1" width=(STRIPE) height=(BOX - 2.0) rx="2" {}
            text class="kind" x="14" y="18" { (node.title) }
            @if !word.is_empty() {
                text class="word" x=(format!("{:.1}", place.width - 9.0)) y="18" { (word) }
            }
            text class="name" x="14" y="35" { (label(node.address.name())) }
        }
    }
}

/// Draws an arrow: straight through columns, bent between them.
fn way(points: &[(f64, f64)]) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for (index, pair) in points.windows(2).enumerate() {
        let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
        if index == 0 {
            let _ = write!(out, "M{x1:.1} {y1:.1}");
        }
        if index % 2 == 0 {
            let middle = f64::midpoint(x1, x2);
            let _ = write!(out, " C{middle:.1} {y1:.1} {middle:.1} {y2:.1} {x2:.1} {y2:.1}");
        } else {
            let _ = write!(out, " L{x2:.1} {y2:.1}");
        }
    }
    out
}
