internal import Foundation

/// Language codes: some engines say `en`, others `english`.
enum LanguageCode {
    /// The code of a language that an engine names in English; what is no known name stays as it is.
    static func of(_ name: String) -> String {
        codes[folded(name)] ?? name
    }

    private static let codes: [String: String] = {
        // Names that Unicode knows differently.
        var codes = ["bengali": "bn", "myanmar": "my", "nynorsk": "nn", "tagalog": "tl"]
        let english = Locale(identifier: "en")
        for code in Locale.LanguageCode.isoLanguageCodes.map(\.identifier) {
            guard let name = english.localizedString(forLanguageCode: code).map(folded), name != code else { continue }
            // Two letters before three, as BCP 47 has it.
            if let other = codes[name], other.count <= code.count { continue }
            codes[name] = code
        }
        return codes
    }()

    private static func folded(_ name: String) -> String {
        name.folding(options: [.caseInsensitive, .diacriticInsensitive], locale: Locale(identifier: "en"))
    }
}
