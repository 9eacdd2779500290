internal import Foundation
internal import TestServers

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

/// The samples of the last two hours that a Prometheus has of a metric, as they are, by the value of a label.
struct StoredSamples: Decodable {
    struct Sample: Decodable {
        /// In milliseconds.
        let time: Int64
        let value: Double

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            time = Int64((try container.decode(Double.self) * 1_000).rounded())
            value = Double(try container.decode(String.self)) ?? .nan
        }
    }

    private struct Series: Decodable {
        let metric: [String: String]
        let values: [Sample]
    }

    private struct Answer: Decodable {
        let result: [Series]
    }

    private let data: Answer

    /// Asks for them.
    static func load(_ metric: String, from server: PrometheusServer) async throws -> StoredSamples {
        var place = URLComponents()
        place.scheme = "http"
        place.host = "127.0.0.1"
        place.port = server.port
        place.path = "/api/v1/query"
        place.queryItems = [URLQueryItem(name: "query", value: "\(metric)[2h]")]
        guard let url = place.url else { throw URLError(.badURL) }
        let (answer, _) = try await URLSession.shared.data(from: url)
        return try JSONDecoder().decode(StoredSamples.self, from: answer)
    }

    /// The samples of each series, by the value of a label.
    func series(by label: String) -> [String: [Sample]] {
        Dictionary(data.result.map { ($0.metric[label] ?? "", $0.values) }) { $0 + $1 }
    }
}
