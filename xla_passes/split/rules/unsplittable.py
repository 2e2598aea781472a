"""Operations without a rule, each with the reason, for errors and plans to give: no dimension of theirs can be sliced.

Every operation of StableHLO and chlo is either here, or in the table of rules, or ends a region. Shardings are those of several devices.
"""

_SHAPED = "what decides its shape is computed while the program runs"
_COLLECTIVE = "every device takes part in it, once for all of it"
_OUTSIDE = "it hands data to the outside of the program, or takes it from there, all at once and in a fixed order"
_NO_DATA = "it orders effects and has no elements"
_SCALAR = "it is one number"
_TUPLE = "the parts of a tuple that a call makes or takes come together"
_REPLACED = "canonicalisation replaces it"

UNSPLITTABLE: dict[str, str] = {
    **dict.fromkeys(
        (
            "stablehlo.all_gather",
            "stablehlo.all_reduce",
            "stablehlo.all_to_all",
            "stablehlo.collective_broadcast",
            "stablehlo.collective_permute",
            "stablehlo.cross-replica-sum",
            "stablehlo.reduce_scatter",
        ),
        _COLLECTIVE,
    ),
    **dict.fromkeys(("stablehlo.async_done", "stablehlo.async_start"), "it runs beside what follows, and ends somewhere else"),
    **dict.fromkeys(("stablehlo.infeed", "stablehlo.outfeed", "stablehlo.recv", "stablehlo.send"), _OUTSIDE),
    **dict.fromkeys(("stablehlo.after_all", "stablehlo.create_token"), _NO_DATA),
    **dict.fromkeys(("stablehlo.get_dimension_size", "stablehlo.partition_id", "stablehlo.replica_id"), _SCALAR),
    **dict.fromkeys(("stablehlo.get_tuple_element", "stablehlo.tuple"), _TUPLE),
    **dict.fromkeys(
        (
            "stablehlo.dynamic_broadcast_in_dim",
            "stablehlo.dynamic_conv",
            "stablehlo.dynamic_gather",
            "stablehlo.dynamic_iota",
            "stablehlo.dynamic_pad",
            "stablehlo.dynamic_reshape",
            "stablehlo.real_dynamic_slice",
            "stablehlo.set_dimension_size",
        ),
        _SHAPED,
    ),
    **dict.fromkeys(
        (
            "stablehlo.broadcast",
            "stablehlo.composite",
            "stablehlo.dot",
            "stablehlo.torch_index_select",
        ),
        _REPLACED,
    ),
    **dict.fromkeys(
        ("stablehlo.einsum", "stablehlo.unary_einsum"),
        "its labels are not letters, each once in an operand; canonicalisation replaces others",
    ),
    **dict.fromkeys(
        ("stablehlo.uniform_dequantize", "stablehlo.uniform_quantize"),
        "jaxlib has no quantised types, so that no program with it can be read (jaxlib 0.10.2)",
    ),
    "sdy.manual_computation": "each device computes its own part of it",
    "sdy.sharding_constraint": "it says how an array is spread over devices, and a piece of it would be spread otherwise",
    "chlo.ragged_dot": "XLA's CPU backend cannot compile it (jaxlib 0.10.2); JAX records its decomposition with it, which splits",
    "chlo.scan": "a StableHLO artifact cannot hold it, so that none is ever recorded (jaxlib 0.10.2)",
}
