//! Values over time, thinned out to what a chart can show.

/// Most points of a line.
pub(super) const POINTS_MAX: usize = 600;

/// Points of one line: seconds, and a value unless there was none then.
pub(super) type Points = Vec<(f64, Option<f64>)>;

/// At most [`POINTS_MAX`] points that keep every peak and trough: of each
/// bucket of neighbours, the smallest and the largest value in order of time.
pub(super) fn thin(points: Points) -> Points {
    if points.len() <= POINTS_MAX {
        return points;
    }
    let per_bucket = points.len().div_ceil(POINTS_MAX / 2);
    let mut out = Points::with_capacity(POINTS_MAX);
    for bucket in points.chunks(per_bucket) {
        let known = || bucket.iter().filter_map(|(at, value)| value.map(|value| (*at, value)));
        let low = known().min_by(|a, b| a.1.total_cmp(&b.1));
        let high = known().max_by(|a, b| a.1.total_cmp(&b.1));
        match (low, high) {
            (Some(low), Some(high)) if low.0 == high.0 => out.push((low.0, Some(low.1))),
            (Some(low), Some(high)) => {
                let (first, second) = if low.0 < high.0 { (low, high) } else { (high, low) };
                out.extend([(first.0, Some(first.1)), (second.0, Some(second.1))]);
            }
            _ => out.push((bucket[0].0, None)),
        }
    }
    out
}

/// Runs of neighbouring points that have a value.
pub(super) fn segments(points: &[(f64, Option<f64>)]) -> Vec<Vec<(f64, f64)>> {
    points
        .split(|(_, value)| value.is_none())
        .map(|run| run.iter().filter_map(|(at, value)| value.map(|value| (*at, value))).collect::<Vec<_>>())
        .filter(|run| !run.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_peak_and_the_gaps() {
        let mut points: Points = (0..2000).map(|i| (f64::from(i), Some(1.0))).collect();
        points[777].1 = Some(50.0);
        points[1500..1600].iter_mut().for_each(|point| point.1 = None);
        let thinned = thin(points);
        assert!(thinned.len() <= POINTS_MAX, "{}", thinned.len());
        assert!(thinned.contains(&(777.0, Some(50.0))));
        assert_eq!(segments(&thinned).len(), 2);
        assert!(thinned.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn short_series_are_left_alone() {
        let points: Points = vec![(0.0, Some(1.0)), (1.0, None), (2.0, Some(3.0))];
        assert_eq!(thin(points.clone()), points);
        assert_eq!(segments(&points), [vec![(0.0, 1.0)], vec![(2.0, 3.0)]]);
    }
}
