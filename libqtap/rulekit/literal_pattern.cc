// SPDX-License-Identifier: Apache-2.0
#include "rulekit/literal_pattern.h"

#include <utility>

#include "rulekit/text_search.h"

namespace qtap::rulekit {

namespace {

// More than this, or longer, and RE2's automaton is the better way.
constexpr size_t kMaxChoices = 16;
constexpr size_t kMaxChoiceBytes = 4096;
constexpr int kMaxGroups = 8;  // inside each other

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

bool is_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

// Gives up at the first thing that is not a literal; what it does not know it never guesses.
class Reader {
 public:
  explicit Reader(std::string_view regex) : rest_(regex) {}

  std::optional<LiteralChoices> read() {
    auto choices = alternatives(0);
    if (!choices || !rest_.empty()) return std::nullopt;  // what is left is a lone ')'
    size_t bytes = 0;
    for (const LiteralChoice& choice : *choices) bytes += choice.text.size();
    if (bytes > kMaxChoiceBytes) return std::nullopt;
    return choices;
  }

 private:
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  bool at_end_of_alternative() const { return rest_.empty() || rest_[0] == '|' || rest_[0] == ')'; }

  std::optional<LiteralChoices> alternatives(int depth) {
    LiteralChoices all;
    do {
      auto one = sequence(depth);
      if (!one || all.size() + one->size() > kMaxChoices) return std::nullopt;
      for (LiteralChoice& choice : *one) all.push_back(std::move(choice));
    } while (take("|"));
    return all;
  }

  // `.*` before or after everything adds nothing to a search, for it may be empty.
  void skip_anything() {
    if (take(".*")) take("?");
  }

  std::optional<LiteralChoices> sequence(int depth) {
    LiteralChoices choices(1);
    const bool outermost = depth == 0;
    if (outermost && take("^")) {
      choices[0].at_begin = true;
    } else if (outermost) {
      skip_anything();
    }
    while (!at_end_of_alternative()) {
      if (take("(?:") || (!rest_.starts_with("(?") && take("("))) {
        if (depth == kMaxGroups) return std::nullopt;
        const auto inner = alternatives(depth + 1);
        if (!inner || !take(")") || !multiply(&choices, *inner)) return std::nullopt;
      } else if (outermost && take("$")) {
        for (LiteralChoice& choice : choices) choice.at_end = true;
        if (!at_end_of_alternative()) return std::nullopt;
      } else if (outermost && rest_.starts_with(".*")) {
        skip_anything();
        if (!at_end_of_alternative()) return std::nullopt;
      } else {
        const std::optional<char> c = literal();
        if (!c) return std::nullopt;
        for (LiteralChoice& choice : choices) choice.text += *c;
      }
    }
    return choices;
  }

  // One byte of a literal character. A quantifier that follows is refused when its turn comes.
  std::optional<char> literal() {
    char c = rest_[0];
    rest_.remove_prefix(1);
    if (c == '\\') {
      if (rest_.empty() || !is_punctuation(rest_[0])) return std::nullopt;
      c = rest_[0];
      rest_.remove_prefix(1);
      return c;
    }
    if (std::string_view("^$.*+?()[]{}|").find(c) != std::string_view::npos) return std::nullopt;
    return c;
  }

  static bool multiply(LiteralChoices* choices, const LiteralChoices& inner) {
    if (choices->size() * inner.size() > kMaxChoices) return false;
    LiteralChoices product;
    for (const LiteralChoice& choice : *choices) {
      for (const LiteralChoice& tail : inner) {
        product.push_back({choice.text + tail.text, choice.at_begin, false});
      }
    }
    *choices = std::move(product);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<LiteralChoices> literal_choices(std::string_view regex) {
  if (regex.find(kReplacement) != std::string_view::npos) return std::nullopt;
  return Reader(regex).read();
}

bool found_in(const LiteralChoices& choices, std::string_view subject) {
  for (const LiteralChoice& choice : choices) {
    const bool found = choice.at_begin && choice.at_end ? same_text(subject, choice.text)
                       : choice.at_begin                ? begins_with(subject, choice.text)
                       : choice.at_end                  ? finishes_with(subject, choice.text)
                                                        : has_part(subject, choice.text);
    if (found) return true;
  }
  return false;
}

}  // namespace qtap::rulekit
