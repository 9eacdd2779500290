internal import Foundation

extension CacheKey {
    /// The key under which the result of a chunk is cached: everything that decides it, and nothing else.
    public static func chunk(_ audio: AudioChunk, recipe: Recipe) -> CacheKey {
        let sound = audio.samples.withUnsafeBytes { ContentHash(of: Data($0)) }
        let options = recipe.options.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        return .content(
            prefix: "chunk",
            parts: [
                "\(ChunkResult.formatVersion)", "s16le 16000 1", sound.hex, recipe.engine.description,
                recipe.language ?? "", recipe.prompt ?? "",
            ] + options)
    }
}
