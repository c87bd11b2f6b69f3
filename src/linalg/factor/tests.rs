//! Packed factors.

use super::*;

#[test]
fn rows_are_shared_out_evenly() {
    assert_eq!(evenly(0, 16).count(), 0);
    for (rows, most, expected) in
        [(1, 16, vec![1]), (16, 16, vec![16]), (17, 16, vec![8, 9]), (193, 96, vec![64, 64, 65])]
    {
        let ranges: Vec<_> = evenly(rows, most).collect();
        assert_eq!(ranges.iter().map(Range::len).collect::<Vec<_>>(), expected);
        assert_eq!(ranges.into_iter().flatten().collect::<Vec<_>>(), Vec::from_iter(0..rows));
    }
}

/// Sums of small whole numbers are exact, in any order.
#[test]
fn zeros_at_the_ends_of_columns_are_left_out() {
    let kept: [fn(usize, usize) -> bool; 5] = [
        |i, j| i <= j,
        |i, j| i >= j,
        |i, j| i.abs_diff(j) < 70,
        |i, j| i == 64 && j < 100,
        |_, _| false,
    ];
    let large = Array2::<f32>::ones((40, 3000));
    for (k, n) in [(1, 1), (100, 100), (200, 50), (130, 333)] {
        let a = Array2::from_shape_fn((20, k), |(i, j)| ((i * 3 + j * 7) % 11) as f32 - 5.0);
        for kept in kept {
            let entry = |(i, j)| if kept(i, j) { ((i + 5 * j) % 7) as f32 + 1.0 } else { 0.0 };
            let b = Array2::from_shape_fn((k, n), entry);
            let factor = Factor::new(b.view());
            let mut c = Array2::ones((20, n));
            let mut work = vec![f32::NAN; a.len()];
            factor.multiply(a.view(), c.view_mut(), &mut work);
            assert_eq!(c, a.dot(&b), "{k} × {n}");
            let (matrices, mut fetching) = ([large.view()], Array2::ones((20, n)));
            let upcoming = Upcoming::new(&matrices, 5..3000);
            factor.multiply_fetching(a.view(), fetching.view_mut(), &mut work, upcoming);
            assert_eq!(fetching, c);
            let double = Factor::new(b.mapv(f64::from).view());
            let (a, mut exact) = (a.mapv(f64::from), Array2::ones((20, n)));
            double.multiply(a.view(), exact.view_mut(), &mut vec![f64::NAN; a.len()]);
            assert_eq!(exact, c.mapv(f64::from));
            assert_eq!(factor.to_matrix(), b);
            for (start, terms) in factor.order.starts().zip(&factor.terms) {
                let columns = start..n.min(start + factor.order.lanes);
                let is_used = |&i: &usize| columns.clone().any(|j| kept(i, j));
                let used: Vec<usize> = (0..k).filter(is_used).collect();
                assert_eq!(terms.len(), used.last().map_or(0, |last| last + 1 - used[0]));
                assert!(used.iter().all(|row| terms.contains(row)));
            }
        }
    }
}

/// Whatever group and tile a row is in, and whatever is fetched meanwhile.
#[test]
fn a_row_is_multiplied_as_if_it_were_alone() {
    let entry = |(i, j): (usize, usize)| ((7 * i + 13 * j) as f32).sin();
    let large = Array2::from_shape_fn((40, 3000), entry);
    for m in [1, 12, 13, 16, 17, 96, 97, 193] {
        for (k, n) in [(0, 3), (1, 1), (63, 16), (64, 17), (130, 33)] {
            let a = Array2::from_shape_fn((m, k), entry);
            let factor = Factor::new(Array2::from_shape_fn((k, n), entry).view());
            let (mut c, mut work) = (Array2::ones((m, n)), vec![0.0; m * k]);
            factor.multiply(a.view(), c.view_mut(), &mut work);
            for (row, c) in a.outer_iter().zip(c.outer_iter()) {
                let mut alone = Array2::ones((1, n));
                let row = row.insert_axis(Axis(0));
                factor.multiply(row, alone.view_mut(), &mut work[..k]);
                assert_eq!(alone.row(0), c, "{m} × {k} × {n}");
            }
            for columns in [0..10, 5..3000] {
                let matrices = [large.view(), large.view()];
                let upcoming = Upcoming::new(&matrices, columns);
                let mut fetching = Array2::ones((m, n));
                factor.multiply_fetching(a.view(), fetching.view_mut(), &mut work, upcoming);
                assert_eq!(fetching, c, "{m} × {k} × {n}");
            }
        }
    }
}

/// Blocks that end within a panel, are narrower than one, or are empty.
#[test]
fn rows_in_blocks_are_multiplied_where_they_are() {
    let entry = |(i, j): (usize, usize)| ((7 * i + 13 * j) as f32).sin();
    let blocks = [&[130][..], &[7, 2, 0, 121], &[64, 6, 60], &[1, 129]].map(|widths| {
        let mut end = 0;
        let block = |&width| {
            end += width;
            end - width..end
        };
        widths.iter().map(block).collect::<Vec<Range<usize>>>()
    });
    let no_terms = Factor::new(Array2::<f64>::zeros((0, 130)).view());
    for columns in &blocks {
        let mut zeros = vec![f64::NAN; 2 * 130];
        let product = InBlocks::new(&mut zeros[..], columns, 2);
        no_terms.multiply_blocks(InBlocks::new(&[][..], &[], 2), product, &mut []);
        assert_eq!(zeros, [0.0; 2 * 130]);
    }
    for m in [0, 1, 12, 17, 97] {
        let a = Array2::from_shape_fn((m, 130), entry);
        let factor = Factor::new(Array2::from_shape_fn((130, 130), entry).view());
        let (mut expected, mut work) = (Array2::ones((m, 130)), vec![f32::NAN; m * 130]);
        factor.multiply(a.view(), expected.view_mut(), &mut work);
        for (from, to) in blocks.iter().flat_map(|from| blocks.iter().map(move |to| (from, to))) {
            let (mut rows, mut product) = (vec![0.0; m * 130], vec![f32::NAN; m * 130]);
            InBlocks::new(&mut rows[..], from, m).copy_from(a.as_slice().unwrap());
            let a = InBlocks::new(&rows[..], from, m);
            factor.multiply_blocks(a, InBlocks::new(&mut product[..], to, m), &mut work);
            let mut found = vec![0.0; m * 130];
            InBlocks::new(&product[..], to, m).copy_to(&mut found);
            assert_eq!(found, expected.as_slice().unwrap(), "{m} rows, {from:?} to {to:?}");
        }
    }
}

/// A B by registers of so many numbers, as `make` makes it.
fn made<R: Kernel>(
    [a, b]: [&Array2<R>; 2],
    lanes: usize,
    make: impl Fn(Product<'_, '_, '_, R>),
) -> Array2<R> {
    let ((m, k), n) = (a.dim(), b.ncols());
    let order = Order { rows: k, columns: n, lanes };
    let mut pages = Pages::zeros(order.numbers());
    order.pack(b.view(), |entry| entry, &mut pages);
    let factor = Factor::of(order, pages.divided([order.numbers()]).remove(0));
    let (terms, columns) = (0..k, 0..n);
    let (mut entries, mut work) = (vec![R::zeroed(); m * n], vec![R::zeroed(); m * k]);
    make(Product {
        a: InBlocks::new(a.as_slice().unwrap(), array::from_ref(&terms), m),
        b: &factor,
        c: &mut InBlocks::new(&mut entries[..], array::from_ref(&columns), m),
        rows: 0..m,
        work: &mut work,
        upcoming: &mut Upcoming::nothing(),
        parts: 0,
    });
    Array2::from_shape_vec((m, n), entries).unwrap()
}

/// Those of machines whose registers are narrower, or that have none. Sums of small whole numbers are
/// exact, also where products are rounded before they are added.
#[test]
fn narrower_registers_make_the_same_products() {
    for (m, k, n) in [(1, 1, 1), (5, 63, 17), (13, 70, 16), (33, 130, 45)] {
        let a = Array2::from_shape_fn((m, k), |(i, j)| ((i * 3 + j * 7) % 11) as f64 - 5.0);
        let b = Array2::from_shape_fn((k, n), |(i, j)| ((i + 5 * j) % 7) as f64 - 3.0);
        let product = a.dot(&b);
        let singles = [&a, &b].map(|matrix| matrix.mapv(|entry| entry as f32));
        let singles = singles.each_ref();
        let plain = pulp::Scalar::new();
        assert_eq!(made([&a, &b], 1, |product| product.with_simd(plain)), product);
        assert_eq!(made(singles, 1, |product| product.with_simd(plain)).mapv(f64::from), product);
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            assert_eq!(made([&a, &b], 4, |product| Simd::vectorize(simd, product)), product);
            let found = made(singles, 8, |product| Simd::vectorize(simd, product));
            assert_eq!(found.mapv(f64::from), product);
        }
    }
}
