//! What making maps takes, and gradients of what has taken them in.

use ndarray::Array1;

use super::tests::{built, check, matrix};
use super::*;
use crate::basis::{
    self, Complement, EgopBasis, Identity, InputBasis, InputSource, KroneckerBasis, LowRank,
    Material, RandomRotation, Rank, Scope, Sides,
};
use crate::coordinates::Coordinates;
use crate::data::{Decay, Inputs};
use crate::distribution::Distribution;
use crate::egop::Solver;
use crate::gradients::{At, Gradients, Sampler, Samples, Sampling};
use crate::lanes::{Lanes, Workspace};
use crate::linalg::counted;
use crate::objective::{
    Batch, LeastSquaresSpec, LinearNetSpec, LogisticSpec, RegressionSpec, Spec,
};
use crate::rng::Streams;
use crate::trial::Precision;

/// Fewer than the parameters.
const SAMPLES: usize = 140;

const SAMPLING: Sampling = Sampling { samples: Samples::Count(SAMPLES), minibatch: None };

/// A coordinate system whose maps are linear, on an objective.
fn system<'a>(objective: &'a dyn Spec, basis: &'a dyn basis::Spec) -> System<'a> {
    System {
        name: "one",
        basis,
        follow: None,
        inputs: Inputs::Raw,
        objective,
        distribution: Distribution::Gaussian { scale: 1.0 },
        sampling: SAMPLING,
        eigenvectors: 0,
    }
}

/// Makes a basis; returns its parts, and the products that are made for it beside those of gradients.
fn made(spec: &dyn Spec, basis: &dyn basis::Spec) -> (Vec<basis::Part>, u64) {
    let (objective, streams) = (built(spec), Streams::new(5, 0));
    let start = Array1::ones(objective.layout().dimension());
    let source = Sampler {
        objective: &*objective,
        distribution: Distribution::Gaussian { scale: 1.0 },
        start: Some(&start),
        sampling: SAMPLING,
        streams,
        progress: &|_| true,
    };
    // The counter is the thread's.
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    alone.install(|| {
        let sampled = 0..basis.sampled(SAMPLES);
        let gradients =
            counted::during(|| source.stream(At::Distribution, sampled, &mut []).unwrap());
        let mut parts = Vec::new();
        let all = counted::during(|| parts = basis.build(&source, &streams).unwrap());
        (parts, all - gradients)
    })
}

fn ranks(parts: &[basis::Part]) -> Vec<usize> {
    let rank = |part: &basis::Part| part.spectrum.as_ref().map_or(0, |of| of.eigenvectors.ncols());
    parts.iter().map(rank).collect()
}

fn egop(scope: Scope, rank: Rank, complement: Complement, solver: Solver) -> EgopBasis {
    EgopBasis { scope, low_rank: Some(LowRank { rank, complement, solver }) }
}

fn blocks() -> Scope {
    Scope::Block(Vec::new())
}

fn network() -> LinearNetSpec {
    LinearNetSpec {
        widths: vec![20, 15, 10],
        rows: [700, 70, 60],
        decay: Decay::Power { exponent: 1.0 },
    }
}

fn logistic() -> LogisticSpec {
    LogisticSpec(matrix(200, 30))
}

#[test]
fn making_maps_takes_the_products_that_the_model_has() {
    let (network, logistic) = (network(), logistic());
    let five = Rank::Number(5);
    let gradients = InputSource::Gradients { samples: 8, at: At::Distribution };
    let columns = |complement| RandomRotation { scope: blocks(), columns: Some((70, complement)) };
    let of_network: Vec<Box<dyn basis::Spec>> = vec![
        Box::new(egop(blocks(), five, Complement::Reflector, Solver::Gram)),
        Box::new(egop(Scope::Global, five, Complement::Frozen, Solver::Gram)),
        Box::new(egop(blocks(), five, Complement::Auxiliary, Solver::Dense)),
        Box::new(egop(blocks(), five, Complement::Reduced, Solver::Randomized)),
        Box::new(egop(blocks(), five, Complement::Rotated, Solver::Auto)),
        Box::new(egop(blocks(), Rank::Widths(2.0), Complement::Reflector, Solver::Auto)),
        Box::new(egop(blocks(), Rank::Energy(0.9), Complement::Reflector, Solver::Auto)),
        Box::new(KroneckerBasis { scope: blocks(), sides: Sides::Both }),
        Box::new(KroneckerBasis { scope: blocks(), sides: Sides::Outputs }),
        Box::new(InputBasis(gradients)),
        Box::new(InputBasis(InputSource::Inputs)),
        Box::new(InputBasis(InputSource::Mean)),
        Box::new(columns(Complement::Reflector)),
    ];
    let of_network = of_network.iter().map(|basis| (&network as &dyn Spec, &**basis));
    let inputs = InputBasis(InputSource::Inputs);
    for (spec, basis) in of_network.chain([(&logistic as &dyn Spec, &inputs as _)]) {
        let (parts, counted) = made(spec, basis);
        let preparation = system(spec, basis).preparation(1.0, Some(&ranks(&parts)));
        check(counted, preparation.products, &format!("{basis:?}"));
    }
}

#[test]
fn what_is_drawn_takes_decompositions_alone() {
    let network = network();
    let rotated = RandomRotation { scope: Scope::Global, columns: None };
    let columns = Some((7, Complement::Rotated));
    let completed = RandomRotation { scope: Scope::Global, columns };
    let inputs = InputBasis(InputSource::Random);
    // 20·15 + 15·10 = 450 parameters and 20 inputs; 8/3 n³, and 4nk² − 4/3 k³.
    let whole = 8.0 / 3.0 * 450_f64.powi(3);
    let some = 4.0 * 450.0 * 49.0 - 4.0 / 3.0 * 343.0;
    let bases: [(&dyn basis::Spec, f64); 3] =
        [(&rotated, whole), (&completed, whole + some), (&inputs, 8.0 / 3.0 * 8000.0)];
    for (basis, decompositions) in bases {
        let (_, counted) = made(&network, basis);
        let preparation = system(&network, basis).preparation(1.0, None);
        assert_eq!((counted, preparation.products), (0, 0.0), "{basis:?}");
        let off = preparation.decompositions / decompositions - 1.0;
        assert!(off.abs() < 1e-12, "{basis:?}: {preparation:?}");
    }
}

#[test]
fn a_set_up_has_the_eigenvectors_that_were_found() {
    let network = network();
    let basis = egop(blocks(), Rank::Energy(0.5), Complement::Reflector, Solver::Auto);
    let (parts, _) = made(&network, &basis);
    let (found, system) = (ranks(&parts), system(&network, &basis));
    assert!(found.iter().all(|&k| 0 < k && k < SAMPLES / 2), "{found:?}");
    let maps = parts.iter().map(|part| f64::linear_map(&*part.map).cost()).sum();
    let flops = setup_flops(&system, maps, &found);
    assert!(flops < 0.9 * setup_flops(&system, maps, &[SAMPLES; 2]), "{flops}");
    // A number of eigenvectors that is asked for and found is no other than the bound.
    let five = egop(blocks(), Rank::Number(5), Complement::Reflector, Solver::Auto);
    let five = self::system(&network, &five).preparation(1.0, None);
    let again = egop(blocks(), Rank::Number(5), Complement::Reflector, Solver::Auto);
    assert_eq!(five, self::system(&network, &again).preparation(1.0, Some(&[5, 5])));
}

#[test]
fn a_completed_basis_is_priced_as_the_matrix_that_it_is() {
    let d = 25_600_f64;
    let low_rank = egop(Scope::Global, Rank::Number(10), Complement::Rotated, Solver::Auto);
    let layout = crate::lanes::Layout::vector(25_600);
    let of = Material::gradients(100);
    let preparation = basis::Spec::preparation(&low_rank, &layout, of);
    assert!(preparation.decompositions >= 8.0 / 3.0 * d.powi(3));
    assert!(preparation.elements >= 4.0 * d * d);
    let reflector = egop(Scope::Global, Rank::Number(10), Complement::Reflector, Solver::Auto);
    let near = basis::Spec::preparation(&reflector, &layout, of);
    assert!(near.elements < 0.01 * d * d && near.flops() < 0.01 * preparation.flops());
}

/// A h(Aθ), a basis with fewer variables than parameters or more, and what is trained.
#[test]
fn gradients_of_what_took_a_map_in_make_products_for_each_variable() {
    const LANES: usize = 3;
    let logistic = logistic();
    let wide = LeastSquaresSpec(RegressionSpec { matrix: matrix(9, 40), noise: 0.0 });
    for (spec, d) in [(&logistic as &dyn Spec, 30), (&wide, 40)] {
        for (complement, trained) in [
            (Complement::Reduced, 4),
            (Complement::Auxiliary, d + 4),
            (Complement::Reflector, d),
            (Complement::Rotated, d),
        ] {
            let basis = egop(Scope::Global, Rank::Number(4), complement, Solver::Auto);
            let (parts, _) = made(spec, &basis);
            let maps = parts.iter().map(|part| (part.blocks.clone(), f64::linear_map(&*part.map)));
            let objective = built(spec);
            let coordinates = Coordinates::new(&spec.layout(), maps);
            let (cost, system) = (coordinates.cost(), system(spec, &basis));
            assert_eq!(cost, system.map_cost(), "what is planned with");
            assert_eq!(coordinates.trained().dimension(), trained);
            let mut absorbed = None;
            let counted = counted::during(|| absorbed = objective.absorb(&coordinates));
            let (absorbed, _) = absorbed.unwrap();
            // The minimizer, which nobody trains with, is one row more.
            let minimizer = trained >= d && objective.minimizer().is_some();
            let rows = spec.absorbing_rows() as f64;
            let model = system.absorbing(cost) * (rows + f64::from(u8::from(minimizer))) / rows;
            check(counted, model, &format!("{complement:?}, taken in"));

            let theta = Lanes::<f64>::zeros(absorbed.layout(), LANES);
            let (mut gradient, values) = (theta.clone(), &mut [0.0; LANES]);
            let workspace = &mut Workspace::new();
            let counted = counted::during(|| {
                absorbed.value_and_gradient(&theta, Batch::Full, values, &mut gradient, workspace);
            });
            let each = spec.gradient_flops(None) + system.added(cost) + system.around(cost);
            check(counted, LANES as f64 * each, &format!("{complement:?}"));
        }
    }
    // Nothing is taken in there: a gradient is of all parameters.
    let frozen = egop(Scope::Global, Rank::Number(4), Complement::Frozen, Solver::Auto);
    let frozen = system(&logistic, &frozen);
    assert_eq!(frozen.added(frozen.map_cost()), 0.0);
    let original = system(&logistic, &Identity);
    assert_eq!(original.added(original.map_cost()), 0.0);
}
