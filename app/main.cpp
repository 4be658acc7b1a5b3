#include "app/commands.hpp"

int main(int argc, char** argv) {
  return rialto::app::run_program(argc, argv);
}
