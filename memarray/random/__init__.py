"""Random numbers: `numpy.random` on lazy arrays. Small draws are NumPy's, large ones are recorded; see `Generator`."""

from numpy.random import MT19937, PCG64, PCG64DXSM, SFC64, BitGenerator, Philox, SeedSequence

from memarray.random._generator import Generator, default_rng
from memarray.random._legacy import RandomState, get_bit_generator, seed, set_bit_generator, shared

beta = shared.beta
binomial = shared.binomial
bytes = shared.bytes  # NumPy's name
chisquare = shared.chisquare
choice = shared.choice
dirichlet = shared.dirichlet
exponential = shared.exponential
f = shared.f
gamma = shared.gamma
geometric = shared.geometric
get_state = shared.get_state
gumbel = shared.gumbel
hypergeometric = shared.hypergeometric
laplace = shared.laplace
logistic = shared.logistic
lognormal = shared.lognormal
logseries = shared.logseries
multinomial = shared.multinomial
multivariate_normal = shared.multivariate_normal
negative_binomial = shared.negative_binomial
noncentral_chisquare = shared.noncentral_chisquare
noncentral_f = shared.noncentral_f
normal = shared.normal
pareto = shared.pareto
permutation = shared.permutation
poisson = shared.poisson
power = shared.power
rand = shared.rand
randint = shared.randint
randn = shared.randn
random = shared.random
random_integers = shared.random_integers
random_sample = shared.random_sample
ranf = shared.random_sample
rayleigh = shared.rayleigh
sample = shared.random_sample
set_state = shared.set_state
shuffle = shared.shuffle
standard_cauchy = shared.standard_cauchy
standard_exponential = shared.standard_exponential
standard_gamma = shared.standard_gamma
standard_normal = shared.standard_normal
standard_t = shared.standard_t
triangular = shared.triangular
uniform = shared.uniform
vonmises = shared.vonmises
wald = shared.wald
weibull = shared.weibull
zipf = shared.zipf

__all__ = [
    "MT19937", "PCG64", "PCG64DXSM", "SFC64", "BitGenerator", "Generator", "Philox", "RandomState", "SeedSequence", "beta", "binomial",
    "bytes", "chisquare", "choice", "default_rng", "dirichlet", "exponential", "f", "gamma", "geometric", "get_bit_generator", "get_state",
    "gumbel", "hypergeometric", "laplace", "logistic", "lognormal", "logseries", "multinomial", "multivariate_normal",
    "negative_binomial", "noncentral_chisquare", "noncentral_f", "normal", "pareto", "permutation", "poisson", "power", "rand", "randint",
    "randn", "random", "random_integers", "random_sample", "ranf", "rayleigh", "sample", "seed", "set_bit_generator", "set_state",
    "shuffle", "standard_cauchy", "standard_exponential", "standard_gamma", "standard_normal", "standard_t", "triangular", "uniform",
    "vonmises", "wald", "weibull", "zipf",
]  # fmt: skip
