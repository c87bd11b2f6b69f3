//! Learning-rate schedules: a factor on the learning rate for each epoch.

/// How the learning rate changes over the epochs (steps, with full batches).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// η throughout.
    Constant,
    /// η_e = ½ η (1 + cos(π e/E)) for e = 0 … E−1 (paper, D.5; PyTorch's default, per epoch).
    CosineAnnealing,
}

impl Schedule {
    /// The names used in configs.
    pub const NAMES: [(&'static str, Self); 2] =
        [("constant", Self::Constant), ("cosine-annealing", Self::CosineAnnealing)];

    /// The factor on η in epoch `epoch` of `epochs`.
    pub fn factor(self, epoch: usize, epochs: usize) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::CosineAnnealing => {
                0.5 * (1.0 + (std::f64::consts::PI * epoch as f64 / epochs as f64).cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_annealing_follows_the_reference() {
        let reference: serde_json::Value =
            serde_json::from_str(include_str!("../tests/data/convex.json")).unwrap();
        let rates = reference["cosine"]["lr"].as_array().unwrap();
        for (epoch, rate) in rates.iter().enumerate() {
            let expected = rate.as_f64().unwrap();
            // Both are a cosine in doubles: equal up to its rounding.
            assert!((Schedule::CosineAnnealing.factor(epoch, 10) - expected).abs() < 1e-15);
        }
        assert_eq!(Schedule::Constant.factor(3, 10), 1.0);
    }
}
