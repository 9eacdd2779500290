import MillraceCore

/// A call of a store, as a test sees it go by.
enum StoreCall: Hashable {
    case register, renew, retire, workers, job, upkeep
    case claim(Int)
    case settle(Int)
    case rescue
    case claimChunks(Int)
    case settleChunks(Int)
    case rescueChunks, sweep, finish

    var isClaim: Bool { if case .claim = self { true } else { false } }
    var isSettle: Bool { if case .settle = self { true } else { false } }
    var isChunkClaim: Bool { if case .claimChunks = self { true } else { false } }
    var isChunkSettle: Bool { if case .settleChunks = self { true } else { false } }
}
