// SPDX-License-Identifier: Apache-2.0
// In: texts. Out: the same texts, and as elements of the C ABI, which a caller borrows for as long
// as some copy of the list lives. Immutable; copies are cheap and share; any thread.
#pragma once

#include <qtap/value.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace qtap {

class TextList {
 public:
  TextList() = default;
  TextList(
      std::vector<std::string> texts) {  // NOLINT(google-explicit-constructor): a vector is one
    if (!texts.empty()) shared_ = std::make_shared<const Shared>(std::move(texts));
  }
  TextList(std::initializer_list<std::string> texts) : TextList(std::vector<std::string>(texts)) {}

  bool empty() const { return size() == 0; }
  size_t size() const { return shared_ ? shared_->texts.size() : 0; }
  const std::string& operator[](size_t index) const { return shared_->texts[index]; }
  const std::string* begin() const { return shared_ ? shared_->texts.data() : nullptr; }
  const std::string* end() const { return begin() + size(); }
  // size() values of type QTAP_VALUE_STRING; NULL when there are none.
  const qtap_value* values() const { return shared_ ? shared_->values.data() : nullptr; }

  bool operator==(const TextList& other) const {
    return shared_ == other.shared_ ||
           (shared_ && other.shared_ && shared_->texts == other.shared_->texts);
  }

 private:
  struct Shared {
    explicit Shared(std::vector<std::string> from) : texts(std::move(from)) {
      values.reserve(texts.size());
      for (const std::string& text : texts) {
        qtap_value value = {};
        value.type = QTAP_VALUE_STRING;
        value.s = {text.data(), text.size()};
        values.push_back(value);
      }
    }
    const std::vector<std::string> texts;
    std::vector<qtap_value> values;  // point into texts
  };
  std::shared_ptr<const Shared> shared_;
};

}  // namespace qtap
