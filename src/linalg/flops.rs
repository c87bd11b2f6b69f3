//! Floating-point operations of decompositions, about (Golub & Van Loan, "Matrix computations").

/// The eigenvalues and eigenvectors of a symmetric matrix of n × n.
pub fn of_eigen(n: f64) -> f64 {
    9.0 * n.powi(3)
}

/// A QR decomposition of n × k with k ≤ n, 2nk² − 2/3 k³, and its Q, as much again.
pub fn of_qr(n: f64, k: f64) -> f64 {
    4.0 * n * k * k - 4.0 / 3.0 * k.powi(3)
}

/// The singular values and vectors of a matrix of m × n, m ≥ n, with n left vectors.
pub fn of_thin_svd(m: f64, n: f64) -> f64 {
    (6.0 * m + 20.0 * n) * n * n
}

/// The singular values and vectors of a matrix of n × n.
pub fn of_svd(n: f64) -> f64 {
    21.0 * n.powi(3)
}
