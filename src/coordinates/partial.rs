//! Maps that know of k orthonormal directions only: they train them beside everything (auxiliary), or
//! them alone (reduced, frozen).

use std::sync::Arc;

use ndarray::{ArcArray1, ArcArray2, Array1, Array2, ArrayView2, ArrayViewMut2, Axis};

use super::map::written_down;
use super::tall::{Rows, Tall, view_mut};
use super::{Build, Cost, Form, LinearMap};
use crate::lanes::Workspace;
use crate::linalg::{Real, from_f64};

/// θ = V z_r + (I − VVᵀ) z_d with k + d variables, z_r before z_d (the paper's second version calls
/// them auxiliary). J Jᵀ = I.
#[derive(Clone, Debug)]
pub struct Auxiliary {
    /// V, d × k, with orthonormal columns.
    pub vectors: ArcArray2<f64>,
}

/// θ = V z with k variables (reduced, in the paper's second version): what is orthogonal to V is 0.
#[derive(Clone, Debug)]
pub struct Reduced {
    /// V, d × k, with orthonormal columns.
    pub vectors: ArcArray2<f64>,
}

/// θ = V z + c with k variables: what is orthogonal to V stays as it is.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// V, d × k, with orthonormal columns.
    pub vectors: ArcArray2<f64>,
    /// c = (I − VVᵀ) θ₀, d entries.
    pub offset: ArcArray1<f64>,
}

impl Auxiliary {
    /// What a map of d × (k + d) takes.
    pub fn cost(d: usize, k: usize) -> Cost {
        let (d, k) = (d as f64, k as f64);
        Cost { flops: 8.0 * d * k, elements: 2.0 * d * k, added: k }
    }
}

impl Reduced {
    /// What a map of d × k takes.
    pub fn cost(d: usize, k: usize) -> Cost {
        let (d, k) = (d as f64, k as f64);
        Cost { flops: 4.0 * d * k, elements: 2.0 * d * k, added: k - d }
    }
}

impl Frozen {
    /// What a map of d × k takes.
    pub fn cost(d: usize, k: usize) -> Cost {
        Reduced::cost(d, k) + Cost { flops: d as f64, elements: d as f64, added: 0.0 }
    }
}

impl Form for Auxiliary {
    fn matrices(&self) -> Vec<(&'static str, ArcArray2<f64>)> {
        vec![("", self.vectors.clone())]
    }
}

impl Form for Reduced {
    fn matrices(&self) -> Vec<(&'static str, ArcArray2<f64>)> {
        vec![("", self.vectors.clone())]
    }
}

impl Form for Frozen {
    fn matrices(&self) -> Vec<(&'static str, ArcArray2<f64>)> {
        vec![("", self.vectors.clone())]
    }
}

impl<R: Real> Build<R> for Auxiliary {
    fn build(&self) -> Arc<dyn LinearMap<R>> {
        Arc::new(Beside(Tall::new(self.vectors.view())))
    }
}

impl<R: Real> Build<R> for Reduced {
    fn build(&self) -> Arc<dyn LinearMap<R>> {
        Arc::new(Within(Tall::new(self.vectors.view())))
    }
}

impl<R: Real> Build<R> for Frozen {
    /// # Panics
    /// When c does not have as many entries as V has rows.
    fn build(&self) -> Arc<dyn LinearMap<R>> {
        assert_eq!(self.offset.len(), self.vectors.nrows(), "c has an entry for each row of V");
        Arc::new(Moved {
            within: Within(Tall::new(self.vectors.view())),
            offset: self.offset.mapv(from_f64),
        })
    }
}

/// [`Auxiliary`] in one precision.
#[derive(Debug)]
struct Beside<R>(Tall<R>);

impl<R: Real> LinearMap<R> for Beside<R> {
    fn trained(&self) -> usize {
        self.0.columns() + self.0.rows()
    }

    fn original(&self) -> usize {
        self.0.rows()
    }

    /// θ = z_d + V (z_r − Vᵀ z_d).
    fn to_original(
        &self,
        z: ArrayView2<'_, R>,
        theta: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        let (lanes, k) = (z.nrows(), self.0.columns());
        let (few, all) = z.split_at(Axis(1), k);
        let ([y], workspace) = workspace.take_and_rest([lanes * k]);
        let mut y = view_mut(y, lanes);
        let all = Rows::from(all);
        self.0.project(&all, y.view_mut(), workspace);
        y.zip_mut_with(&few, |y, &few| *y = few - *y);
        self.0.add_expanded(y.view(), Some(&all), theta, workspace);
    }

    /// g_r = Vᵀg and g_d = g − V g_r.
    fn pull_back(
        &self,
        gradient: ArrayView2<'_, R>,
        mut out: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        let (lanes, k) = (gradient.nrows(), self.0.columns());
        let ([y], workspace) = workspace.take_and_rest([lanes * k]);
        let mut y = view_mut(y, lanes);
        let gradient = Rows::from(gradient);
        self.0.project(&gradient, y.view_mut(), workspace);
        let (mut few, all) = out.view_mut().split_at(Axis(1), k);
        few.assign(&y);
        y.mapv_inplace(|entry| -entry);
        self.0.add_expanded(y.view(), Some(&gradient), all, workspace);
    }

    fn cost(&self) -> Cost {
        Auxiliary::cost(self.0.rows(), self.0.columns())
    }

    fn to_dense(&self) -> Option<Array2<f64>> {
        written_down(self)
    }
}

/// [`Reduced`] in one precision.
#[derive(Debug)]
struct Within<R>(Tall<R>);

impl<R: Real> LinearMap<R> for Within<R> {
    fn trained(&self) -> usize {
        self.0.columns()
    }

    fn original(&self) -> usize {
        self.0.rows()
    }

    fn to_original(
        &self,
        z: ArrayView2<'_, R>,
        mut theta: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        theta.fill(R::zero());
        self.0.add_expanded(z, None, theta, workspace);
    }

    fn pull_back(
        &self,
        gradient: ArrayView2<'_, R>,
        out: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        self.0.project(&gradient.into(), out, workspace);
    }

    fn cost(&self) -> Cost {
        Reduced::cost(self.0.rows(), self.0.columns())
    }

    fn to_dense(&self) -> Option<Array2<f64>> {
        written_down(self)
    }
}

/// [`Frozen`] in one precision.
#[derive(Debug)]
struct Moved<R> {
    within: Within<R>,
    offset: Array1<R>,
}

impl<R: Real> LinearMap<R> for Moved<R> {
    fn trained(&self) -> usize {
        self.within.trained()
    }

    fn original(&self) -> usize {
        self.within.original()
    }

    fn is_linear(&self) -> bool {
        false
    }

    fn to_original(
        &self,
        z: ArrayView2<'_, R>,
        mut theta: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        theta.assign(&self.offset);
        self.within.0.add_expanded(z, None, theta, workspace);
    }

    fn pull_back(
        &self,
        gradient: ArrayView2<'_, R>,
        out: ArrayViewMut2<'_, R>,
        workspace: &mut Workspace<R>,
    ) {
        self.within.pull_back(gradient, out, workspace);
    }

    fn cost(&self) -> Cost {
        Frozen::cost(self.within.original(), self.within.trained())
    }

    fn to_dense(&self) -> Option<Array2<f64>> {
        self.within.to_dense()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinates::Coordinates;
    use crate::data::orthonormal;
    use crate::lanes::{Layout, Role};
    use crate::rng::Streams;

    #[test]
    fn variables_of_biases_alone_are_biases() {
        let layout = Layout::new([
            ("weight".into(), (3, 5), Role::Weight, (5, 3)),
            ("bias".into(), (3, 1), Role::Bias, (5, 3)),
        ]);
        let map = |blocks: std::ops::Range<usize>, auxiliary: bool| {
            let size = layout.parameters(&blocks).len();
            let mut rng = Streams::new(5, 0).rng("vectors");
            let vectors: ArcArray2<f64> = orthonormal(size, 2, &mut rng).into();
            let map: Arc<dyn LinearMap<f64>> = match auxiliary {
                true => Auxiliary { vectors }.build(),
                false => Reduced { vectors }.build(),
            };
            let coordinates = Coordinates::new(&layout, [(blocks, map)]);
            let blocks = coordinates.trained().blocks().iter();
            blocks.map(|block| (block.role, block.size())).collect::<Vec<_>>()
        };
        let [weight, bias] = [Role::Weight, Role::Bias];
        assert_eq!(map(1..2, true), [(weight, 15), (bias, 5)]);
        assert_eq!(map(1..2, false), [(weight, 15), (bias, 2)]);
        assert_eq!(map(0..1, false), [(weight, 2), (bias, 3)]);
        assert_eq!(map(0..2, true), [(weight, 20)]);
    }
}
