//! Where boxes and arrows go: columns by what must exist before what, bands by service.
//!
//! The layered way of drawing graphs (Sugiyama, Tagawa and Toda, 1981) with one addition: every
//! service keeps to a band of its own. Arrows that skip columns get a free slot in each, so that none
//! runs over a box. Nothing is random, and ties are broken by address: the same stack gives the same
//! picture.

use std::collections::BTreeMap;

use super::build::Picture;

/// Height of a box.
pub(super) const BOX: f64 = 46.0;
/// Between two boxes of a column.
const GAP: f64 = 14.0;
/// Height an arrow takes where it passes between boxes.
const SLOT: f64 = 8.0;
/// Between two columns, for arrows to turn.
const TURN: f64 = 56.0;
/// Around everything, and inside each band.
pub(super) const EDGE: f64 = 18.0;
/// Height of a band's name.
pub(super) const NAME: f64 = 24.0;
/// Width of a character, and what stands beside text in a box.
const LETTER: f64 = 7.4;
const BESIDE: f64 = 34.0;
/// Longest text in a box.
const LONGEST: usize = 30;
/// How often the order within columns is improved, to and fro.
const SWEEPS: usize = 12;

/// A placed box.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
}

/// A band of boxes that belong to one service, or to none.
#[derive(Clone, Debug)]
pub(super) struct Band {
    pub(super) name: String,
    pub(super) y: f64,
    pub(super) height: f64,
}

/// Everything placed.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// By node.
    pub(super) boxes: Vec<Place>,
    pub(super) bands: Vec<Band>,
    /// Points by arrow: it leaves at the first, enters at the last, and passes between each two of
    /// the others on a straight line.
    pub(super) arrows: Vec<Vec<(f64, f64)>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A box, or the slot of an arrow in a column it passes.
#[derive(Clone, Copy, Debug)]
struct Item {
    /// The node, if it is a box.
    node: Option<usize>,
    column: usize,
    band: usize,
}

/// Shortens the text of a box.
pub(super) fn label(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let head: String = text.chars().take(LONGEST - 1).collect();
    format!("{head}…")
}

/// Places a picture.
pub(super) fn layout(picture: &Picture) -> Layout {
    let arrows = picture.arrows();
    let columns = columns(picture.nodes.len(), &arrows);
    let mut names: Vec<Option<String>> =
        picture.nodes.iter().map(|node| node.service.clone()).collect();
    names.sort();
    names.dedup();
    let band = |name: &Option<String>| names.iter().position(|one| one == name).unwrap_or(0);
    let mut items: Vec<Item> = picture
        .nodes
        .iter()
        .enumerate()
        .map(|(at, node)| Item { node: Some(at), column: columns[at], band: band(&node.service) })
        .collect();
    let mut links: Vec<(usize, usize)> = Vec::new();
    let mut chains: Vec<Vec<usize>> = Vec::new();
    for (from, to) in &arrows {
        let mut chain = vec![*from];
        for column in columns[*from] + 1..columns[*to] {
            // A way that ends in another band changes over at its beginning.
            chain.push(items.len());
            items.push(Item { node: None, column, band: items[*to].band });
        }
        chain.push(*to);
        links.extend(chain.windows(2).map(|pair| (pair[0], pair[1])));
        chains.push(chain);
    }
    let cells = order(&items, &links, names.len());
    place(picture, &items, &cells, &chains, &names)
}

/// Puts each box one column behind the last one it needs, and what needs nothing before its first user.
fn columns(count: usize, arrows: &[(usize, usize)]) -> Vec<usize> {
    let mut column = vec![0usize; count];
    // As many rounds as the longest way has arrows; a graph without rounds settles before that.
    for _ in 0..count {
        let mut moved = false;
        for (from, to) in arrows {
            if column[*to] <= column[*from] {
                column[*to] = column[*from] + 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    for at in 0..count {
        let first = arrows.iter().filter(|(from, _)| *from == at).map(|(_, to)| column[*to]).min();
        if let Some(first) = first
            && !arrows.iter().any(|(_, to)| *to == at)
        {
            column[at] = first - 1;
        }
    }
    column
}

/// The items of each cell (band, column), from top to bottom.
type Cells = BTreeMap<(usize, usize), Vec<usize>>;

/// Orders each cell so that few arrows cross.
fn order(items: &[Item], links: &[(usize, usize)], bands: usize) -> Cells {
    let mut cells = Cells::new();
    for (at, item) in items.iter().enumerate() {
        cells.entry((item.band, item.column)).or_default().push(at);
    }
    let last = items.iter().map(|item| item.column).max().unwrap_or(0);
    let mut best = (crossings(items, links, &cells), cells.clone());
    for sweep in 0..SWEEPS {
        let forth = sweep % 2 == 0;
        for step in 0..=last {
            let column = if forth { step } else { last - step };
            let rank = ranks(&cells);
            for band in 0..bands {
                let Some(cell) = cells.get_mut(&(band, column)) else { continue };
                let middle = |at: usize| {
                    let near: Vec<usize> = links
                        .iter()
                        .filter_map(|(from, to)| match forth {
                            true if *to == at => Some(rank[from]),
                            false if *from == at => Some(rank[to]),
                            _ => None,
                        })
                        .collect();
                    // Thousandths, so that sorting needs no floating point.
                    if near.is_empty() {
                        rank[&at] * 1000
                    } else {
                        near.iter().sum::<usize>() * 1000 / near.len()
                    }
                };
                cell.sort_by_cached_key(|at| (middle(*at), rank[at]));
            }
        }
        let count = crossings(items, links, &cells);
        if count < best.0 {
            best = (count, cells.clone());
        }
    }
    best.1
}

/// Numbers the items of each column from top to bottom.
fn ranks(cells: &Cells) -> BTreeMap<usize, usize> {
    let mut next: BTreeMap<usize, usize> = BTreeMap::new();
    let mut rank = BTreeMap::new();
    for ((_, column), cell) in cells {
        let next = next.entry(*column).or_default();
        for at in cell {
            rank.insert(*at, *next);
            *next += 1;
        }
    }
    rank
}

fn crossings(items: &[Item], links: &[(usize, usize)], cells: &Cells) -> usize {
    let rank = ranks(cells);
    let mut by_column: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for (from, to) in links {
        by_column.entry(items[*from].column).or_default().push((rank[from], rank[to]));
    }
    let mut count = 0;
    for links in by_column.values() {
        for (at, one) in links.iter().enumerate() {
            count += links[at + 1..]
                .iter()
                .filter(|two| (one.0 < two.0 && one.1 > two.1) || (one.0 > two.0 && one.1 < two.1))
                .count();
        }
    }
    count
}

#[expect(clippy::cast_precision_loss, reason = "a picture has far fewer than 2^52 letters")]
fn place(
    picture: &Picture,
    items: &[Item],
    cells: &Cells,
    chains: &[Vec<usize>],
    names: &[Option<String>],
) -> Layout {
    let last = items.iter().map(|item| item.column).max().unwrap_or(0);
    let mut widths = vec![0.0f64; last + 1];
    for (at, node) in picture.nodes.iter().enumerate() {
        let word = node.word(picture.planned);
        let top = node.title.chars().count() + word.chars().count() + 2;
        let letters = top.max(label(node.address.name()).chars().count());
        let column = items[at].column;
        widths[column] = widths[column].max(letters as f64 * LETTER + BESIDE);
    }
    let mut left = Vec::new();
    let mut x = EDGE * 2.0;
    for width in &widths {
        left.push(x);
        x += width + TURN;
    }
    let width = x - TURN + EDGE * 2.0;
    let size = |at: &usize| if items[*at].node.is_some() { BOX } else { SLOT };
    let tall = |cell: &[usize]| {
        cell.iter().map(size).sum::<f64>() + GAP * cell.len().saturating_sub(1) as f64
    };
    let mut middles = vec![0.0f64; items.len()];
    let mut bands = Vec::new();
    let mut y = EDGE;
    for (band, name) in names.iter().enumerate() {
        let inside = cells
            .iter()
            .filter(|((of, _), _)| *of == band)
            .map(|(_, cell)| tall(cell))
            .fold(0.0f64, f64::max);
        let height = NAME + inside + EDGE;
        for ((_, _), cell) in cells.iter().filter(|((of, _), _)| *of == band) {
            let mut top = y + NAME + (inside - tall(cell)) / 2.0;
            for at in cell {
                middles[*at] = top + size(at) / 2.0;
                top += size(at) + GAP;
            }
        }
        let name =
            name.as_ref().map_or_else(|| "shared".to_owned(), |one| format!("service {one}"));
        bands.push(Band { name, y, height });
        y += height + GAP;
    }
    let boxes: Vec<Place> = (0..picture.nodes.len())
        .map(|at| {
            let column = items[at].column;
            Place { x: left[column], y: middles[at] - BOX / 2.0, width: widths[column] }
        })
        .collect();
    let arrows = chains.iter().map(|chain| {
        let mut points = Vec::new();
        for (index, at) in chain.iter().enumerate() {
            let column = items[*at].column;
            if index > 0 {
                points.push((left[column], middles[*at]));
            }
            if index + 1 < chain.len() {
                points.push((left[column] + widths[column], middles[*at]));
            }
        }
        points
    });
    Layout { arrows: arrows.collect(), boxes, bands, width, height: y - GAP + EDGE }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use wharf_graph::Address;

    use super::super::build::Node;
    use super::*;

    fn picture(edges: &BTreeSet<(usize, usize)>, bands: &[u8]) -> Picture {
        let nodes = bands.iter().enumerate().map(|(at, band)| Node {
            address: Address::new("thing", format!("n{at}")),
            title: "thing".to_owned(),
            service: (*band > 0).then(|| format!("s{band}")),
            action: None,
            revision: false,
            needs: edges.iter().filter(|(_, to)| *to == at).map(|(from, _)| *from).collect(),
        });
        Picture { stack: "x".to_owned(), nodes: nodes.collect(), planned: false }
    }

    proptest! {
        #[test]
        fn boxes_never_touch_and_arrows_lead_right(
            bands in proptest::collection::vec(0u8..4, 1..24),
            raw in proptest::collection::btree_set((0usize..24, 0usize..24), 0..60),
        ) {
            let count = bands.len();
            let edges: BTreeSet<(usize, usize)> =
                raw.into_iter().filter(|(from, to)| from < to && *to < count).collect();
            let placed = layout(&picture(&edges, &bands));
            for (at, one) in placed.boxes.iter().enumerate() {
                prop_assert!(one.x >= 0.0 && one.x + one.width <= placed.width);
                prop_assert!(one.y >= 0.0 && one.y + BOX <= placed.height);
                for two in &placed.boxes[at + 1..] {
                    let apart = one.x + one.width <= two.x || two.x + two.width <= one.x
                        || one.y + BOX <= two.y || two.y + BOX <= one.y;
                    prop_assert!(apart, "{one:?} {two:?}");
                }
            }
            for points in &placed.arrows {
                prop_assert!(points.windows(2).all(|pair| pair[0].0 < pair[1].0), "{points:?}");
                // Where it passes a column it passes no box.
                for pair in points[1..points.len() - 1].chunks(2) {
                    let (x, y) = pair[0];
                    for one in &placed.boxes {
                        let over = (one.x - x).abs() < 1.0 && one.y <= y && y <= one.y + BOX;
                        prop_assert!(!over, "{points:?} {one:?}");
                    }
                }
            }
        }
    }
}
