internal import MillraceCore

extension VectorExpression: CustomStringConvertible {
    /// As PromQL writes it, in one line.
    public var description: String { node.text }
}

extension VectorExpression.Node {
    fileprivate var text: String {
        switch self {
        case .latest(let selector): selector.description
        case .over(let function, let selector, let window): "\(function.rawValue)(\(selector)[\(window)])"
        case .gathered(let gathering, let labels, let node):
            labels.isEmpty
                ? "\(gathering.rawValue)(\(node.text))"
                : "\(gathering.rawValue) by (\(labels.map(\.text).joined(separator: ", "))) (\(node.text))"
        case .quantile(let percentile, let node):
            "histogram_quantile(\(PromQLNumber.text(percentile.quantile)), \(node.text))"
        case .arithmetic(let node, let operation, .number(let number)):
            "\(node.operandText) \(operation.rawValue) \(PromQLNumber.text(number))"
        case .arithmetic(let node, let operation, .vector(let other)):
            "\(node.operandText) \(operation.rawValue) \(other.operandText)"
        case .otherwise(let node, let number): "\(node.operandText) or vector(\(PromQLNumber.text(number)))"
        }
    }

    /// With parentheses where it is an operation itself.
    private var operandText: String {
        switch self {
        case .arithmetic, .otherwise: "(\(text))"
        case .latest, .over, .gathered, .quantile: text
        }
    }
}
