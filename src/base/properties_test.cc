#include "base/properties.h"

#include "base/random.h"

#include "base/testing.h"

namespace millrace {
namespace {

std::string shown(std::string_view text) {
  const Result<std::vector<Property>> properties = parse_properties(text);
  if (!properties) return "error: " + properties.error().detail();
  std::string result;
  for (const Property& p : *properties) {
    result += std::to_string(p.line) + "[" + p.name + "][" + p.value + "]";
  }
  return result;
}

TEST_CASE("names and values part at '=', ':' or white space") {
  CHECK(shown("a=1\nb:2\nc 3\nd\t=\t4\ne : 5 \nf") == "1[a][1]2[b][2]3[c][3]4[d][4]5[e][5 ]6[f][]");
  CHECK(shown("a==b") == "1[a][=b]");
  CHECK(shown("a\\=b\\ c=d") == "1[a=b c][d]");
  CHECK(shown("=v") == "1[][v]");
}

TEST_CASE("comments and empty lines are passed over, however lines end") {
  CHECK(shown("# a\n  ! b\n\n   \nc=1\r\nd=2\re=3") == "5[c][1]6[d][2]7[e][3]");
  CHECK(shown("a=1 # no comment here") == "1[a][1 # no comment here]");
  CHECK(shown("\xef\xbb\xbf"
              "a=1") == "1[a][1]");
}

TEST_CASE("a backslash at the end continues a line, two do not") {
  CHECK(shown("a=1,\\\n   2,\\\n   3\nb=4") == "1[a][1,2,3]4[b][4]");
  CHECK(shown("a=1\\\\\nb=2") == "1[a][1\\]2[b][2]");
  CHECK(shown("a=1\\\n# not a comment") == "1[a][1# not a comment]");
  CHECK(shown("a=1\\") == "1[a][1]");
}

TEST_CASE("escapes") {
  CHECK(shown("a=\\t\\n\\r\\f\\q\\\\") == "1[a][\t\n\r\fq\\]");
  CHECK(shown("a=\\u0041\\u00e9\\u20AC") == "1[a][A\u00e9\u20ac]");
  CHECK(shown("a=\\ud83d\\ude00") == "1[a][\U0001f600]");
  for (const char* bad : {"\\u12", "\\u12g4", "\\ud83d", "\\ud83dx", "\\ude00", "\\ud83d\\u0041"}) {
    CAPTURE(bad);
    CHECK(shown(std::string("x=1\na=") + bad).starts_with("error: line 2: "));
  }
}

TEST_CASE("too much is refused") {
  CHECK(shown(std::string(kPropertiesBytesMax + 1, 'a')).starts_with("error: "));
  std::string many;
  for (size_t i = 0; i <= kPropertiesMax; ++i) many += "a=1\n";
  CHECK(shown(many) == "error: line 10001: more than 10000 entries");
}

TEST_CASE("what format_property writes is read back, whatever it is") {
  const uint64_t seed = 7;
  CAPTURE(seed);
  Random random(seed);
  constexpr std::string_view kAlphabet = "ab=:#! \t\n\r\f\\u0041\xc3\xa9";
  const auto text = [&] {
    std::string made;
    for (uint64_t n = random.below(8); n > 0; --n)
      made += kAlphabet[random.below(kAlphabet.size())];
    return made;
  };
  for (int i = 0; i < 5'000; ++i) {
    const std::string name = text();
    const std::string value = text();
    CAPTURE(name);
    CAPTURE(value);
    const Result<std::vector<Property>> read = parse_properties(format_property(name, value));
    REQUIRE(read);
    REQUIRE(read->size() == 1);
    CHECK(read->front().name == name);
    CHECK(read->front().value == value);
  }
}

TEST_CASE("any bytes give properties or an error") {
  const uint64_t seed = 11;
  CAPTURE(seed);
  Random random(seed);
  for (int i = 0; i < 5'000; ++i) {
    std::string bytes;
    for (uint64_t n = random.below(60); n > 0; --n) {
      bytes += random.chance(0.5) ? "\\u=\n: #"[random.below(7)] : static_cast<char>(random.next());
    }
    const Result<std::vector<Property>> read = parse_properties(bytes);
    CHECK((read || read.error().code() == Errc::kInvalidSetting));
  }
}

}  // namespace
}  // namespace millrace
