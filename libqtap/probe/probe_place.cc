// SPDX-License-Identifier: Apache-2.0
#include "probe/probe_place.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "probe/first_instruction.h"
#include "probe/machine_code.h"

namespace qtap::probe {
namespace {

// The forms of SSL_write and BIO_write have 40 to 150 bytes (OpenSSL 1.1.1 to 3.5).
constexpr uint64_t kMaxWrapperBytes = 4096;
constexpr uint64_t kStubBytes = 16;  // an entry of the PLT
constexpr int kMaxForwards = 1;      // SSL_write_ex jumps to SSL_write_ex2 in OpenSSL 3.3

Error refused(const char* why) {
  return {QTAP_ERR_UNSUPPORTED, why};
}

bool in_section(const ElfFile& file, size_t section, uint64_t address) {
  if (section >= file.sections().size()) return false;
  const Elf64_Shdr& header = file.sections()[section];
  return address >= header.sh_addr && address - header.sh_addr < header.sh_size;
}

Result<std::vector<uint8_t>> code_at(const ElfFile& file, uint64_t offset, uint64_t bytes) {
  return file.table<uint8_t>(offset, bytes, "code outside the file");
}

// What a function calls in its own section, and what the public function does that it ends in.
class Callees {
 public:
  Callees(const ElfFile& file, const CodeMap& map) : file_(file), map_(map) {}
  Status collect(const ElfFunction& function, const Arguments& arguments, int forwards = 0);
  const std::vector<Transfer>& all() const { return all_; }

 private:
  Result<std::optional<ElfFunction>> exported(const Transfer& transfer) const;

  const ElfFile& file_;
  const CodeMap& map_;
  std::vector<Transfer> all_;
};

// The exported function of this library that the transfer ends at, directly or through the PLT.
Result<std::optional<ElfFunction>> Callees::exported(const Transfer& transfer) const {
  if (transfer.through_slot) return map_.linked_to(transfer.target);
  if (const auto function = map_.exported_at(transfer.target)) return std::optional(function);
  const auto offset = file_.code_offset(transfer.target);
  if (!offset) return std::optional<ElfFunction>();
  QTAP_TRY(const auto stub, code_at(file_, *offset, kStubBytes));
  const auto jumps = transfers(stub, transfer.target, kOwnArguments);
  if (!jumps.ok() || jumps->empty() || !jumps->front().through_slot)
    return std::optional<ElfFunction>();
  return map_.linked_to(jumps->front().target);
}

Status Callees::collect(const ElfFunction& function, const Arguments& arguments, int forwards) {
  if (function.bytes == 0 || function.bytes > kMaxWrapperBytes) {
    return refused("a public function has no size, or too large a one");
  }
  QTAP_TRY(const auto code, code_at(file_, function.offset, function.bytes));
  QTAP_TRY(const auto found, transfers(code, function.address, arguments));
  for (const Transfer& transfer : found) {
    const bool here = !transfer.through_slot && !map_.exported_at(transfer.target) &&
                      in_section(file_, function.section, transfer.target);
    if (here) {
      all_.push_back(transfer);
    } else if (transfer.is_jump && forwards < kMaxForwards) {
      QTAP_TRY(const auto next, exported(transfer));
      if (next) QTAP_CHECK(collect(*next, transfer.arguments, forwards + 1));
    }
  }
  return {};
}

// Object, buffer and length as the public functions were given them.
bool passes_on(const Arguments& arguments) {
  return arguments[0] == Value::kArg0 && arguments[1] == Value::kArg1 &&
         arguments[2] == Value::kArg2;
}

// Which argument points to the count, as one call of each form shows it; 0: not understood.
int count_argument(const Arguments& plain, const Arguments& extended) {
  if (!passes_on(plain) || !passes_on(extended)) return 0;
  if (plain[3] == Value::kStack && extended[3] == Value::kArg3) return 4;
  if (plain[3] != Value::kZero || plain[4] != Value::kStack) return 0;
  const bool no_flags = extended[3] == Value::kZero && extended[4] == Value::kArg3;
  const bool flags = extended[3] == Value::kArg3 && extended[4] == Value::kArg4;
  return no_flags || flags ? 5 : 0;
}

}  // namespace

Result<OwnPlace> own_place(const ElfFile& file, const ElfFunction& function) {
#if defined(__x86_64__)
  constexpr uint64_t kLook = kEndbr64Bytes + 2;  // an opcode has at most two bytes here
  if (function.bytes >= kLook) {
    QTAP_TRY(const auto code, code_at(file, function.offset, kLook));
    if (is_emulated(code)) return OwnPlace{function.offset, /*slow=*/false};
    if (is_endbr64(code) && is_emulated(std::span(code).subspan(kEndbr64Bytes))) {
      return OwnPlace{function.offset + kEndbr64Bytes, /*slow=*/false};
    }
  }
  return OwnPlace{function.offset, /*slow=*/true};
#else
  (void)file;
  return OwnPlace{function.offset, /*slow=*/false};  // not known
#endif
}

Result<Worker> find_worker(const ElfFile& file, const CodeMap& map, const ElfFunction& plain,
                           const ElfFunction& extended) {
  Callees of_plain(file, map);
  Callees of_extended(file, map);
  QTAP_CHECK(of_plain.collect(plain, kOwnArguments));
  QTAP_CHECK(of_extended.collect(extended, kOwnArguments));

  std::optional<uint64_t> target;
  int argument = 0;
  for (const Transfer& one : of_plain.all()) {
    for (const Transfer& other : of_extended.all()) {
      if (one.target != other.target) continue;
      if (target && *target != one.target) return refused("both forms call several functions");
      const int shown = count_argument(one.arguments, other.arguments);
      if (shown == 0 || (target && shown != argument)) {
        return refused("the arguments of the common function are not understood");
      }
      target = one.target;
      argument = shown;
    }
  }
  if (!target) return refused("both forms call no common function");
  if (!map.begins_function(*target)) return refused("the common code begins no function");
  const auto offset = file.code_offset(*target);
  if (!offset) return refused("the common function is not in executable memory");
  const ElfFunction worker = {*offset, *target, kStubBytes, plain.section};
  QTAP_TRY(const OwnPlace place, own_place(file, worker));
  if (place.slow) return refused("the common function begins with a single-stepped instruction");
  return Worker{place.offset, argument};
}

}  // namespace qtap::probe
