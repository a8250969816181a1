// SPDX-License-Identifier: Apache-2.0
#include "probe/machine_code.h"

#include <capstone.h>

#include <algorithm>
#include <map>
#include <optional>

#include "probe/first_instruction.h"

namespace qtap::probe {
namespace {

// The general registers by their parts; the argument registers come first, in their order.
constexpr x86_reg kRegisters[][5] = {
    {X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL},
    {X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL},
    {X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH},
    {X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH},
    {X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B},
    {X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B},
    {X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_AH},
    {X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B},
    {X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B},
    {X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL, X86_REG_BH},
    {X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL},
    {X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B},
    {X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B},
    {X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B},
    {X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B},
    {X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL},
};
constexpr size_t kArguments = 6;
constexpr size_t kLost = 9;  // so many of them a call may change (AMD64 ABI, 3.2.1)
constexpr size_t kRsp = std::size(kRegisters) - 1;
using State = std::array<Value, std::size(kRegisters)>;

std::optional<size_t> register_of(unsigned part) {
  for (size_t i = 0; i < std::size(kRegisters); ++i) {
    for (const x86_reg reg : kRegisters[i]) {
      if (reg != X86_REG_INVALID && static_cast<unsigned>(reg) == part) return i;
    }
  }
  return std::nullopt;
}

// One pass from the first instruction to the last. What jumps forward brings its registers along;
// where something jumps back to, nothing is certain.
class Pass {
 public:
  Pass(std::span<const uint8_t> code, uint64_t address, const Arguments& arguments)
      : code_(code), address_(address), state_(unknown()) {
    std::copy(arguments.begin(), arguments.end(), state_->begin());
  }
  Result<std::vector<Transfer>> run(csh handle, cs_insn& insn);

 private:
  static State unknown();
  void arrive(uint64_t at);
  void execute(csh handle, const cs_insn& insn);
  void transfer(const cs_insn& insn, bool is_jump);
  void jump(const cs_insn& insn, uint64_t target);
  Value result_of(const cs_insn& insn, const State& state) const;
  bool inside(uint64_t target) const { return target - address_ < code_.size(); }

  std::span<const uint8_t> code_;
  uint64_t address_;
  std::optional<State> state_;  // nullopt: not reached from above
  std::map<uint64_t, State> jumped_to_;
  std::vector<std::pair<uint64_t, Transfer>> found_;  // by the address of the instruction
};

State Pass::unknown() {
  State state;
  state.fill(Value::kOther);
  state[kRsp] = Value::kStack;
  return state;
}

void merge(State& into, const State& other) {
  for (size_t i = 0; i < into.size(); ++i) {
    if (into[i] != other[i]) into[i] = Value::kOther;
  }
}

void Pass::arrive(uint64_t at) {
  const auto jumped = jumped_to_.find(at);
  if (jumped == jumped_to_.end()) return;
  if (state_) {
    merge(*state_, jumped->second);
  } else {
    state_ = jumped->second;
  }
}

// The value of a two-operand instruction that sets its first operand, a whole register.
Value Pass::result_of(const cs_insn& insn, const State& state) const {
  const cs_x86_op& to = insn.detail->x86.operands[0];
  const cs_x86_op& from = insn.detail->x86.operands[1];
  const auto source = from.type == X86_OP_REG ? register_of(from.reg) : std::nullopt;
  switch (insn.id) {
    case X86_INS_MOV:
      if (from.type == X86_OP_IMM && from.imm == 0) return Value::kZero;
      [[fallthrough]];
    case X86_INS_MOVSXD: {
      if (!source) return Value::kOther;
      const Value value = state[*source];
      // Half a register: of all arguments, only the length is a number.
      return (to.size == 8 && from.size == 8) || value == Value::kArg2 || value == Value::kZero
                 ? value
                 : Value::kOther;
    }
    case X86_INS_XOR:
      return from.type == X86_OP_REG && from.reg == to.reg ? Value::kZero : Value::kOther;
    case X86_INS_LEA: {
      const auto base = register_of(from.mem.base);
      return to.size == 8 && from.type == X86_OP_MEM && from.mem.index == X86_REG_INVALID && base &&
                     state[*base] == Value::kStack
                 ? Value::kStack
                 : Value::kOther;
    }
    default:
      return Value::kOther;
  }
}

void Pass::execute(csh handle, const cs_insn& insn) {
  if (!state_) return;
  const State before = *state_;
  cs_regs read;
  cs_regs written;
  uint8_t reads = 0;
  uint8_t writes = 0;
  if (cs_regs_access(handle, &insn, read, &reads, written, &writes) != CS_ERR_OK) {
    state_ = unknown();
    return;
  }
  for (size_t i = 0; i < writes; ++i) {
    if (const auto reg = register_of(written[i])) (*state_)[*reg] = Value::kOther;
  }
  const cs_x86& x86 = insn.detail->x86;
  if (x86.op_count == 2 && x86.operands[0].type == X86_OP_REG && x86.operands[0].size >= 4) {
    const auto reg = register_of(x86.operands[0].reg);
    if (reg && (x86.operands[0].access & CS_AC_WRITE) != 0)
      (*state_)[*reg] = result_of(insn, before);
  }
  (*state_)[kRsp] = Value::kStack;
}

void Pass::transfer(const cs_insn& insn, bool is_jump) {
  const cs_x86_op& to = insn.detail->x86.operands[0];
  Transfer result = {is_jump, /*through_slot=*/false, 0, {}};
  if (to.type == X86_OP_IMM) {
    result.target = static_cast<uint64_t>(to.imm);
  } else if (to.type == X86_OP_MEM && to.mem.base == X86_REG_RIP &&
             to.mem.index == X86_REG_INVALID) {
    result.through_slot = true;
    result.target = insn.address + insn.size + static_cast<uint64_t>(to.mem.disp);
  } else {
    return;  // to wherever a register points
  }
  const State& state = state_ ? *state_ : unknown();
  std::copy_n(state.begin(), kArguments, result.arguments.begin());
  found_.emplace_back(insn.address, result);
}

void Pass::jump(const cs_insn& insn, uint64_t target) {
  const State& state = state_ ? *state_ : unknown();
  if (target > insn.address) {
    const auto [known, fresh] = jumped_to_.emplace(target, state);
    if (!fresh) merge(known->second, state);
    return;
  }
  for (auto& [at, transfer] : found_) {
    if (at >= target) transfer.arguments.fill(Value::kOther);
  }
}

Result<std::vector<Transfer>> Pass::run(csh handle, cs_insn& insn) {
  const uint8_t* at = code_.data();
  size_t left = code_.size();
  uint64_t address = address_;
  while (left > 0) {
    if (is_endbr64({at, left})) {  // Capstone 4 does not know it everywhere
      at += kEndbr64Bytes;
      left -= kEndbr64Bytes;
      address += kEndbr64Bytes;
      continue;
    }
    if (!cs_disasm_iter(handle, &at, &left, &address, &insn)) {
      return Error{QTAP_ERR_INVALID, "it has an instruction that Capstone does not know"};
    }
    arrive(insn.address);
    const cs_x86& x86 = insn.detail->x86;
    const bool one = x86.op_count == 1;
    if (cs_insn_group(handle, &insn, CS_GRP_CALL)) {
      if (one) transfer(insn, /*is_jump=*/false);
      if (state_) std::fill_n(state_->begin(), kLost, Value::kOther);
    } else if (cs_insn_group(handle, &insn, CS_GRP_JUMP)) {
      const auto target = one && x86.operands[0].type == X86_OP_IMM
                              ? std::optional(static_cast<uint64_t>(x86.operands[0].imm))
                              : std::nullopt;
      if (target && inside(*target)) {
        jump(insn, *target);
      } else if (one) {
        transfer(insn, /*is_jump=*/true);
      }
      if (insn.id == X86_INS_JMP) state_.reset();
    } else if (cs_insn_group(handle, &insn, CS_GRP_RET)) {
      state_.reset();
    } else {
      execute(handle, insn);
    }
  }
  std::vector<Transfer> result;
  for (const auto& entry : found_) result.push_back(entry.second);
  return result;
}

}  // namespace

Result<std::vector<Transfer>> transfers(std::span<const uint8_t> code, uint64_t address,
                                        const Arguments& arguments) {
  csh handle = 0;
  if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK) {
    return Error{QTAP_ERR_UNSUPPORTED, "Capstone knows no x86-64 code"};
  }
  cs_insn* insn = nullptr;
  if (cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON) == CS_ERR_OK) insn = cs_malloc(handle);
  Result<std::vector<Transfer>> result = Error{QTAP_ERR_NOMEM, "Capstone has no memory"};
  if (insn != nullptr) {
    result = Pass(code, address, arguments).run(handle, *insn);
    cs_free(insn, 1);
  }
  cs_close(&handle);
  return result;
}

}  // namespace qtap::probe
