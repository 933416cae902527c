/// How the size of an operator's output, and what it costs, follow from its inputs.
enum OperatorRule: Sendable {
    /// As large as the first input; `work` operations for each of its elements.
    case same(work: Double)
    /// As large as all inputs spread over each other.
    case spread(isTruth: Bool)
    case cast, whereElse
    case convolution, transposedConvolution, pool, globalPool
    case product, generalProduct, einsum
    case reduction, argument, topK
    case reshape, flatten, squeeze, unsqueeze, transpose, concat, split, slice, tile, expand, pad
    case gather, gatherElements, gatherND
    case resize, depthToSpace, spaceToDepth, gridSample
    case constant, constantOfShape, shape, size, range, oneHot, quantize, dequantize

    /// Every operator that a graph may use. What is not here has branches, loops or texts, is
    /// random, or gives an output whose size depends on what the image shows.
    static let all: [String: OperatorRule] = {
        var rules: [String: OperatorRule] = [
            "Cast": .cast, "CastLike": .cast, "Where": .whereElse,
            "Conv": .convolution, "ConvTranspose": .transposedConvolution,
            "MatMul": .product, "Gemm": .generalProduct, "Einsum": .einsum, "TopK": .topK,
            "ArgMax": .argument, "ArgMin": .argument,
            "Reshape": .reshape, "Flatten": .flatten, "Squeeze": .squeeze,
            "Unsqueeze": .unsqueeze, "Transpose": .transpose, "Concat": .concat, "Split": .split,
            "Slice": .slice, "Tile": .tile, "Expand": .expand, "Pad": .pad, "Gather": .gather,
            "GatherElements": .gatherElements, "GatherND": .gatherND, "Resize": .resize,
            "DepthToSpace": .depthToSpace, "SpaceToDepth": .spaceToDepth,
            "GridSample": .gridSample, "Constant": .constant,
            "ConstantOfShape": .constantOfShape, "Shape": .shape, "Size": .size, "Range": .range,
            "OneHot": .oneHot, "QuantizeLinear": .quantize, "DequantizeLinear": .dequantize,
        ]
        let each = """
            Abs Acos Acosh Asin Asinh Atan Atanh BatchNormalization Ceil Celu Clip Cos Cosh CumSum \
            Dropout Elu Erf Exp EyeLike Floor HardSigmoid HardSwish Hardmax Identity \
            InstanceNormalization IsInf IsNaN LayerNormalization LeakyRelu Log LogSoftmax \
            LpNormalization MeanVarianceNormalization Neg Not Reciprocal Relu Round \
            ScatterElements ScatterND Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign \
            Sqrt Tan Tanh ThresholdedRelu Trilu
            """
        for name in each.split(separator: " ") { rules[String(name)] = .same(work: 4) }
        rules["LRN"] = .same(work: 64)
        for name in "Add And BitShift Div Max Mean Min Mod Mul Or PRelu Pow Sub Sum Xor".split(
            separator: " ")
        {
            rules[String(name)] = .spread(isTruth: false)
        }
        for name in "Equal Greater GreaterOrEqual Less LessOrEqual".split(separator: " ") {
            rules[String(name)] = .spread(isTruth: true)
        }
        for name in "L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare".split(separator: " ") {
            rules["Reduce\(name)"] = .reduction
        }
        for name in ["AveragePool", "LpPool", "MaxPool"] { rules[name] = .pool }
        for name in ["GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool"] {
            rules[name] = .globalPool
        }
        return rules
    }()
}
